"""The HTML report in a real browser: what a reader does with it, and what a hostile run cannot do to one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fastflow.report.html.page import render
from tests.unit.report.html.archives import (
    HOSTILE,
    SCRIPT,
    Told,
    hostile_run,
    large_run,
    log_of,
    phase,
    told_run,
    vulnerable_run,
)

from .browser import chromium, seen, violations

pytestmark = pytest.mark.e2e
Written = Callable[[Told], str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a run's report, and give its address."""

    def write(run: Told) -> str:
        path = tmp_path / "report.html"
        path.write_text(render(run), encoding="utf-8")
        return path.as_uri()

    return write


def cut_short() -> Told:
    run = told_run(phase("web.record", mode="recording"), phase("web.test", "running"), phase("api.test", "waiting"))
    return replace(run, result=None)


EMPTY = told_run(phase("web.record", mode="recording"), phase("web.test"))
RUNS = {
    "vulnerable": vulnerable_run(),
    "nothing found": EMPTY,
    "cut short": cut_short(),
    "one phase": told_run(phase("web.record", mode="recording")),
    "no phase": replace(told_run(), result=None),
    "100 phases": large_run(300, 100_000),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", RUNS)
def test_axe_finds_nothing_and_the_browser_does_not_complain(
    browser: Browser, written: Written, name: str, scheme: str
) -> None:
    with seen(browser, written(RUNS[name]), color_scheme=scheme) as report:
        for details in report.page.locator("details.vulnerability, details.log, details.text").all()[:6]:
            if details.is_visible():
                details.locator("summary").click()
        assert violations(report.page) == []
        assert report.complaints == []
        assert [url for url in report.requests if not url.startswith("file:")] == []


def test_the_request_of_a_vulnerability_is_two_steps_away(browser: Browser, written: Written) -> None:
    with seen(browser, written(large_run(5_000, 1_000))) as report:
        report.page.locator("#filters").get_by_label("Text").fill("coupon/4321")
        expect(report.page.locator("#shown")).to_have_text("1 matching, 5,000 in all")
        report.page.locator(".vulnerability:visible summary").click()
        expect(report.page.get_by_role("group", name="Request")).to_contain_text("code=SPRING4321%27")


@pytest.mark.parametrize("is_secure", [True, False])
def test_commands_are_copied(browser: Browser, tmp_path: Path, is_secure: bool) -> None:
    """Where a page comes by plain HTTP from another machine, browsers give it no clipboard of its own."""
    (tmp_path / "report.html").write_text(render(vulnerable_run()), encoding="utf-8")
    with served(tmp_path) as server, seen(browser, f"{server}/report.html") as report:
        page = report.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.evaluate("window.read = () => clipboard.readText(); window.clipboard = navigator.clipboard")
        if not is_secure:
            page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        row = page.locator(".vulnerability", has_text="/coupon/1")
        expect(row.get_by_role("button")).to_have_count(0)
        row.locator("summary").click()
        expect(row).to_contain_text("part of a database query")
        row.get_by_role("button", name="Copy as curl").click()
        expect(row.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("read()").startswith(
            "curl --include --path-as-is --globoff --request POST http://app:3000"
        )
        row.get_by_role("button", name="Copy the accept command").click()
        expect(row.get_by_role("button", name="Copied")).to_have_count(2)
        assert page.evaluate("read()") == (
            'fastflow accept 261124090000abcde --fingerprint 0000000000000001 --reason "WHY"'
        )
        expect(row.get_by_role("button", name="Copy as curl")).to_be_visible()
        assert report.complaints == []


def test_only_what_fails_a_gate_can_be_accepted_and_only_a_known_request_copied(
    browser: Browser, written: Written
) -> None:
    with seen(browser, written(vulnerable_run())) as report:
        for text, buttons in (("the manuals are public", ["Copy as curl"]), ("Type not known", ["Copy the accept"])):
            row = report.page.locator(".vulnerability", has_text=text)
            row.locator("summary").click()
            expect(row.get_by_role("button")).to_contain_text(buttons)


def test_filters_by_type_threat_workflow_and_gate_hold_together(browser: Browser, written: Written) -> None:
    run = large_run(1_000, 1_000)
    wanted = [
        found.fingerprint
        for one in run.phases
        for found in one.vulnerabilities
        if one.workflow == "wf7" and found.type == "xss" and (found.threat or 100) >= 50
    ]
    with seen(browser, written(run)) as report:
        filters = report.page.locator("#filters")
        filters.get_by_label("Type").select_option("xss")
        filters.get_by_label("Threat").select_option("50")
        filters.get_by_label("Workflow").select_option("wf7")
        filters.get_by_label("Gate").select_option("fails")
        expect(report.page.locator("#shown")).to_have_text(f"{len(wanted)} matching, 1,000 in all")
        expect(report.page.locator(".vulnerability:visible")).to_have_count(len(wanted))
        assert wanted
        filters.get_by_role("button", name="Clear").click()
        expect(report.page.locator("#shown")).to_have_text("1 to 50 of 1,000")
        filters.get_by_label("Text").fill("nowhere at all")
        expect(report.page.locator("#shown")).to_contain_text("No vulnerability matches")


def test_vulnerabilities_come_by_pages(browser: Browser, written: Written) -> None:
    with seen(browser, written(large_run(120, 1_000))) as report:
        pages = report.page.get_by_role("group", name="Pages of vulnerabilities")
        expect(report.page.locator(".vulnerability:visible")).to_have_count(50)
        pages.get_by_role("button", name="Next").click()
        pages.get_by_role("button", name="Next").click()
        expect(report.page.locator("#shown")).to_have_text("101 to 120 of 120")
        expect(pages.get_by_role("button", name="Next")).to_be_disabled()
        expect(report.page.locator(".vulnerability:visible")).to_have_count(20)


def test_accepted_vulnerabilities_say_why_and_until_when(browser: Browser, written: Written) -> None:
    with seen(browser, written(vulnerable_run())) as report:
        row = report.page.locator(".vulnerability", has_text="accepted")
        expect(row.locator("summary")).to_contain_text("the manuals are public")
        row.locator("summary").click()
        expect(row).to_contain_text("Accepted: the manuals are public (SHOP-311) until 2027-01-31")


def test_a_line_of_a_long_log_is_found_and_shown_in_its_place(browser: Browser, written: Written) -> None:
    run = replace(EMPTY, logs={"web.record": "nothing\n", "web.test": log_of(12_345)})
    with seen(browser, written(run)) as report:
        search = report.page.get_by_role("search", name="Search the logs")
        search.get_by_label("Search").fill("#BL_7654")
        search.get_by_role("button", name="Search").click()
        expect(report.page.locator("#hits-said")).to_have_text("1 line")
        report.page.locator("#hits button").click()
        found = report.page.locator(".line.found")
        expect(found).to_have_text("INFO [1]: Running a test set for the baseline #bl_7654")
        expect(found).to_have_attribute("data-n", "7655")
        expect(found).to_be_in_viewport()
        expect(found.locator("mark")).to_have_text("#bl_7654")


def test_a_long_log_opens_at_its_end_and_is_paged(browser: Browser, written: Written) -> None:
    with seen(browser, written(replace(EMPTY, logs={"web.test": log_of(2_500)}))) as report:
        log = report.page.locator("details.log")
        log.locator("summary").click()
        expect(log).to_contain_text("Lines 2,001 to 2,500 of 2,500")
        log.get_by_role("button", name="First").click()
        expect(log).to_contain_text("Lines 1 to 1,000 of 2,500")
        expect(log.locator(".line").first).to_have_attribute("data-n", "1")


def test_a_log_is_read_only_when_it_is_opened(browser: Browser, written: Written) -> None:
    with seen(browser, written(replace(EMPTY, logs={"web.test": log_of(2_500)}))) as report:
        assert report.page.locator(".line").count() == 0
        report.page.locator("#phase-2").get_by_role("link", name="log").click()
        expect(report.page.locator(".line")).to_have_count(500)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_hostile_run_runs_nothing_and_shows_its_texts(browser: Browser, written: Written, scripts: bool) -> None:
    with seen(browser, written(hostile_run()), java_script_enabled=scripts) as report:
        if scripts:
            open_everything(report.page)
            search = report.page.get_by_role("search", name="Search the logs")
            search.get_by_label("Search").fill("<script>")
            search.get_by_role("button", name="Search").click()
            expect(report.page.locator("#hits-said")).to_contain_text("200 are listed")
            report.page.locator("#hits button").first.hover()
        expect(report.page.locator("#log-1 pre")).to_contain_text(HOSTILE[0])
        assert report.page.title() == f"Failed · {SCRIPT} · {SCRIPT}"
        assert report.page.locator("img").count() == 0
        assert report.complaints == []


def open_everything(page: Page) -> None:
    for details in page.locator("details").all():
        if details.is_visible():
            details.locator("summary").click()


@pytest.mark.parametrize("name", [*RUNS, "hostile"])
def test_a_narrow_window_needs_no_scrolling_sideways(browser: Browser, written: Written, name: str) -> None:
    with seen(browser, written({**RUNS, "hostile": hostile_run()}[name]), width=400) as report:
        for details in report.page.locator("details").all()[:8]:
            if details.is_visible():
                details.locator("summary").click()
        assert not report.is_wider_than_the_window


def test_print_has_every_request_and_no_controls(browser: Browser, written: Written) -> None:
    with seen(browser, written(large_run(120, 1_000))) as report:
        short = report.page.pdf()
        assert short.startswith(b"%PDF")
        report.page.emulate_media(media="print")
        expect(report.page.locator(".vulnerability:visible")).to_have_count(120)
        expect(report.page.locator(".request").last).to_be_visible()
        for control in ("#filters", "#theme", "nav", "#pages"):
            expect(report.page.locator(control)).to_be_hidden()


def test_the_switch_of_colours_holds_and_is_remembered(browser: Browser, tmp_path: Path) -> None:
    """Served over HTTP: of a `file:` page, Chromium loses about one in twenty of what it stored when it reloads."""
    (tmp_path / "report.html").write_text(render(EMPTY), encoding="utf-8")
    with served(tmp_path) as server, seen(browser, f"{server}/report.html", color_scheme="light") as report:
        light = background(report.page)
        report.page.get_by_role("radio", name="Dark").check(force=True)
        expect(report.page.locator("body")).not_to_have_css("background-color", light)
        dark = background(report.page)
        report.page.reload()
        expect(report.page.locator("body")).to_have_css("background-color", dark)
        expect(report.page.get_by_role("radio", name="Dark")).to_be_checked()
        report.page.get_by_role("radio", name="Auto").check(force=True)
        expect(report.page.locator("body")).to_have_css("background-color", light)


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_keyboard_alone_finds_a_request(browser: Browser, written: Written) -> None:
    with seen(browser, written(vulnerable_run())) as report:
        report.page.keyboard.press("Tab")
        expect(report.page.get_by_role("link", name="Skip to the vulnerabilities")).to_be_focused()
        report.page.keyboard.press("Enter")
        report.page.keyboard.press("Tab")
        expect(report.page.get_by_label("Text")).to_be_focused()
        report.page.keyboard.type("code=SPRING1")
        expect(report.page.locator("#shown")).to_have_text("1 matching, 5 in all")
        for _ in range(6):
            report.page.keyboard.press("Tab")
        report.page.keyboard.press("Enter")
        expect(report.page.locator(".request:visible")).to_contain_text("code=SPRING1%27")


# What CI servers do to an artifact
@contextmanager
def served(directory: Path, policy: str | None = None) -> Iterator[str]:
    """Serve a directory, under a Content-Security-Policy if one is given."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            if policy is not None:
                self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


POLICIES = (
    "script-src 'none'",
    "sandbox; default-src 'none'; img-src 'self'; style-src 'self'",  # Jenkins, of its own accord
    "sandbox allow-scripts",
)


@pytest.mark.parametrize("policy", POLICIES)
def test_it_can_be_read_whatever_the_servers_policy_forbids(browser: Browser, tmp_path: Path, policy: str) -> None:
    (tmp_path / "report.html").write_text(render(vulnerable_run()), encoding="utf-8")
    with served(tmp_path, policy) as server, seen(browser, f"{server}/report.html") as report:
        expect(report.page.get_by_role("heading", name="3 vulnerabilities")).to_be_visible()
        report.page.locator(".vulnerability", has_text="SQL injection").locator("summary").click()
        expect(report.page.get_by_text("code=SPRING1%27")).to_be_visible()
        report.page.locator("details.log", has_text="web.test").locator("summary").click()
        expect(report.page.get_by_text("#bl_2499")).to_be_visible()
        is_alive = "allow-scripts" in policy
        expect(report.page.locator("#filters")).to_be_visible(visible=is_alive)
