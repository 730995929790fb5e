"""Chromium, axe-core and Mermaid, as `scripts/browser` makes them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_STATE = Path(__file__).parents[2] / ".state/browser"
_AXE = _STATE / "node_modules/axe-core/axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium without a window."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.fail("there is no Chromium; get it with `make browser`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Seen:
    """A page, and what it complained of or asked the network for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def is_wider_than_the_window(self) -> bool:
        """Whether one has to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@contextmanager
def seen(browser: Browser, url: str, width: int = 1280, **options: Any) -> Iterator[Seen]:
    """Open a page in a window of that many pixels, in a profile of its own."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    result = Seen(context.new_page())
    result.page.on("console", lambda said: result.complaints.append(said.text))
    result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
    result.page.on("request", lambda request: result.requests.append(request.url))
    try:
        result.page.goto(url)
        yield result
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe-core has against a page, each with where it is."""
    if not _AXE.exists():
        pytest.fail("axe-core is missing; get it with `make browser`")
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    told = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in told["violations"] for node in one["nodes"]
    ]


def load_mermaid(page: Page) -> None:
    """Bring Mermaid into a page, with its defaults; it draws nothing yet."""
    script = next(_STATE.glob("mermaid-*.min.js"), None)
    if script is None:
        pytest.fail("Mermaid is missing; get it with `make browser`")
    page.add_script_tag(path=script)
    page.evaluate("mermaid.initialize({ startOnLoad: false })")
