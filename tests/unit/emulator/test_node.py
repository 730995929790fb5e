"""Testing nodes as the documentation has them: log, exit code, reports, what the cloud is told."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import NoReturn

import pytest

from fastflow.emulator.node.baseline import Baseline
from fastflow.emulator.node.settings import read_settings
from fastflow.emulator.node.target import Target
from tests.unit.emulator.applications import Asked, Site, Told, serve
from tests.unit.emulator.conftest import Nodes
from tests.unit.emulator.shop import shop


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(shop) as served:
        yield served


def test_a_test_run_without_findings_passes(nodes: Nodes, site: Site) -> None:
    record = nodes.api.record([f"{site.url}/safe?q=1", f"{site.url}/none"], "1")
    code, lines = nodes.test(BUILD_ID="1", TEST_RUN_NAME="nightly/1")
    run = lines[2].removeprefix("INFO [1]: TestRun#").removesuffix(" created")
    first, second = re.findall(r"for the baseline #(\S+)", "\n".join(lines))
    assert lines == [
        "[info] Node connected to Wallarm Cloud",
        f"INFO [1]: Use TestRecord#{record} for creating TestRun",
        f"INFO [1]: TestRun#{run} created",
        f"INFO [1]: Running a test set for the baseline #{first}",
        f"INFO [1]: No issues found. Test set for baseline #{first} passed.",
        f"INFO [1]: Running a test set for the baseline #{second}",
        f"INFO [1]: No issues found. Test set for baseline #{second} passed.",
        f"INFO [1]: TestRun#{run} passed",
    ]
    assert code == 0
    told = nodes.api.run(run)
    assert (told["state"], told["name"], told["vulns"]) == ("passed", "nightly/1", [])
    assert (told["baseline_count"], told["baseline_check_passed_count"], told["baseline_check_waiting_count"]) == (
        2,
        2,
        0,
    )
    assert told["sended_requests_count"] == told["planing_requests_count"] > 30
    assert told["end_time"] >= told["start_time"]
    assert sorted(re.sub(r"\d{9,}", "T", path.name) for path in nodes.reports.iterdir()) == [
        "nightly_1.T.json",
        "nightly_1.T.txt",
    ]


def test_vulnerabilities_fail_the_run_and_are_told(nodes: Nodes, site: Site) -> None:
    record = nodes.api.record([f"http://recorded.test/{path}=1&x=2" for path in ("search?q", "item?id", "manual?file")])
    code, lines = nodes.test(TEST_RUN_URI=f"{site.url}/prefix", TEST_RUN_DESC="why", TEST_RUN_POLICY_ID="5")
    assert code == 1
    assert lines[1] == f"INFO [1]: Use TestRecord#{record} for creating TestRun"
    assert (
        sum(bool(re.fullmatch(r"INFO \[1\]: Found 1 vulnerabilities, marking .* as failed", line)) for line in lines)
        == 3
    )
    run = nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])
    assert lines[-1] == f"ERROR [1]: TestRun#{run['id']} failed"
    assert (run["state"], run["desc"], run["policy_id"], run["baseline_check_fail_count"]) == ("failed", "why", "5", 3)
    found = {(one["type"], one["parameter"], one["method"], one["uri"]) for one in run["vulns"]}
    assert found == {
        ("xss", "q", "GET", f"{site.url}/prefix/search"),
        ("sqli", "id", "GET", f"{site.url}/prefix/item"),
        ("ptrav", "file", "GET", f"{site.url}/prefix/manual"),
    }
    assert all(1 <= one["threat"] <= 100 and one["code"] and one["baseline"] for one in run["vulns"])
    assert len({one["id"] for one in run["vulns"]}) == 3
    (detailed,) = nodes.reports.glob("*.json")
    assert json.loads(detailed.read_text())["vulns"] == run["vulns"]
    (brief,) = nodes.reports.glob("*.txt")
    assert f"sqli (threat 80): GET {site.url}/prefix/item, parameter id" in brief.read_text()


def test_the_request_of_a_finding_repeats_it_without_the_secrets(nodes: Nodes, site: Site) -> None:
    record = nodes.api.call("POST", "/emulator/v1/records", {"name": "x"})[1]["id"]
    headers = [["Cookie", "session=s1"], ["Authorization", "Bearer s2"], ["X-Kept", "yes"]]
    request = {"method": "GET", "url": f"{site.url}/member?q=1", "headers": headers, "body": ""}
    nodes.api.call("POST", f"/emulator/v1/records/{record}/baselines", {"requests": [request]})
    nodes.api.call("POST", f"/emulator/v1/records/{record}/finish", {})
    assert nodes.test()[0] == 1
    (report,) = nodes.reports.glob("*.json")
    (found,) = json.loads(report.read_text())["vulns"]
    assert re.match(r"GET /member\?q=\S*svg\S* HTTP/1.1\nHost: 127.0.0.1:\d+\n", found["request"])
    assert "X-Kept: yes" in found["request"]
    assert "s1" not in report.read_text()
    assert "s2" not in report.read_text()
    assert site.requests[-1].headers["host"] == site.host


def test_equal_baselines_are_tested_each_and_found_once(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/search?q=1", f"{site.url}/search?q=1"])
    code, lines = nodes.test()
    assert code == 1
    assert sum("Found 1 vulnerabilities" in line for line in lines) == 2
    run = nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])
    assert len(run["vulns"]) == 1
    assert len(run["vulns"][0]["baselines"]) == run["baseline_check_fail_count"] == 2


def test_the_first_finding_can_end_the_run(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/safe?q=1", f"{site.url}/search?q=1&id=1", f"{site.url}/item?id=1"])
    code, lines = nodes.test(TEST_RUN_STOP_ON_FIRST_FAIL="true")
    run = nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])
    counts = [run[f"baseline_check_{word}_count"] for word in ("passed", "fail", "interrupted")]
    assert (code, counts, len(run["vulns"])) == (1, [1, 1, 1], 1)


def test_what_may_end_the_session_is_tested_last(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/{path}" for path in ("logout?q=1", "first?q=1", "second?q=1")])
    begin = len(site.requests)
    assert nodes.test()[0] == 0
    assert list(dict.fromkeys(asked.path for asked in site.requests[begin:])) == ["/first", "/second", "/logout"]


def test_extensions_can_be_left_out(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/search.PNG?q=1", f"{site.url}/a.ico?q=1", f"{site.url}/pngs?q=1"])
    begin = len(site.requests)
    assert nodes.test(FILE_EXTENSIONS_TO_EXCLUDE="jpg|png|ico")[0] == 0
    assert {asked.path for asked in site.requests[begin:]} == {"/pngs"}
    code, lines = nodes.test(FILE_EXTENSIONS_TO_EXCLUDE=".png|ico|pngs")
    assert (code, lines[-1][:5]) == (0, "INFO ")


def test_nothing_left_to_test_is_no_pass(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/a.ico?q=1"])
    code, lines = nodes.test(FILE_EXTENSIONS_TO_EXCLUDE="ico")
    assert code == 1
    assert "empty_test_record" in lines[-2]


def test_requests_keep_to_their_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    times: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def fetch(*_: object) -> NoReturn:
        nonlocal now
        times.append(now)
        now += 0.01  # which an answer takes
        raise OSError

    async def send(target: Target, number: int) -> None:
        for _ in range(number):
            await target.send(Baseline("1", "GET", "http://shop/", [], b""))

    monkeypatch.setattr("fastflow.emulator.node.target.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("fastflow.emulator.node.target.asyncio.sleep", sleep)
    monkeypatch.setattr("fastflow.emulator.node.target.fetch", fetch)
    rate = read_settings({"TEST_RUN_RPS": "40"}).rps
    with asyncio.Runner() as runner:
        runner.run(send(Target(workers=2, rps=rate), 9))
    assert times == pytest.approx([times[0] + number / 40 for number in range(9)])


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_are_how_many_requests_run_at_once(nodes: Nodes, workers: int) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def counting(asked: Asked) -> Told:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        full.wait(0.002)  # a pause in which others come, if they may
        with lock:
            now -= 1
        return shop(asked)

    full = threading.Event()
    with serve(counting) as busy:
        nodes.api.record([f"{busy.url}/safe?q=1&r=2"])
        assert nodes.test(WORKERS=str(workers))[0] == 0
    assert most == workers
