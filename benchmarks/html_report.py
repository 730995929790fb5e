"""How long the HTML report of a large run takes to make, to show, to filter and to search.

Run: `python benchmarks/html_report.py --vulnerabilities 5000 --megabytes 50`, after `make browser`. Twice: logs that
pack well, as a node's do, and logs of random words, which do not. Goal: first paint within a second.
Last, on two busy cores with Chromium 156, for 5,000 vulnerabilities of 100 phases:

    logs as a node writes them: made in 1.5 s, 8.4 MB with 48 MB of logs
      first paint         140 ms
      filter               45 ms
      search all logs    1342 ms
    logs of random words: made in 3.6 s, 44.3 MB with 50 MB of logs
      first paint         240 ms
      filter               38 ms
      search all logs    1434 ms
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page

from fastflow.report.html.page import render
from tests.e2e.browser import chromium, seen
from tests.unit.report.html.archives import Told, large_run

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Waits within the page, where no polling from outside slows it down; resolves to milliseconds.
_UNTIL_SAID = """([id, act]) => new Promise((done) => {
  const start = performance.now();
  const said = document.getElementById(id);
  new MutationObserver(() => { if (!said.textContent.startsWith("Searching")) done(performance.now() - start); })
    .observe(said, { childList: true, characterData: true, subtree: true });
  const form = document.getElementById(act.form);
  form.elements.text.value = act.text;
  form.dispatchEvent(new Event(act.event, { cancelable: true, bubbles: true }));
})"""


def of_random_words(run: Told, log_bytes: int) -> Told:
    """The run with logs that do not pack."""
    choice = random.Random(1)
    share = log_bytes // len(run.logs)
    logs = {
        name: "".join(f"{choice.getrandbits(400):0100x}\n" for _ in range(share // 101)) for name in run.logs
    }  # fmt: skip
    return replace(run, logs=logs)


def milliseconds(page: Page, said: str, form: str, event: str, text: str) -> float:
    """How long it takes until a form has said what it found."""
    return float(page.evaluate(_UNTIL_SAID, [said, {"form": form, "event": event, "text": text}]))


def measure(browser: Browser, name: str, run: Told) -> None:
    """Print what one run's report takes."""
    start = time.perf_counter()
    text = render(run)
    made = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.html"
        path.write_text(text, encoding="utf-8")
        with seen(browser, path.as_uri()) as report:
            page = report.page
            rows: dict[str, Callable[[], float]] = {
                "first paint": lambda: float(page.evaluate(_PAINT)),
                "filter": lambda: milliseconds(page, "shown", "filters", "submit", "coupon/4321"),
                "search all logs": lambda: milliseconds(page, "hits-said", "log-search", "submit", "no such line"),
            }
            print(f"{name}: made in {made:.1f} s, {len(text) / 1e6:.1f} MB with {_megabytes(run):.0f} MB of logs")
            for what, take in rows.items():
                print(f"  {what:<16}{take():>7.0f} ms")


def _megabytes(run: Told) -> float:
    return sum(map(len, run.logs.values())) / 1e6


def main() -> None:
    """Measure both kinds of logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vulnerabilities", type=int, default=5_000)
    parser.add_argument("--megabytes", type=int, default=50)
    arguments = parser.parse_args()
    size = arguments.megabytes * 1_000_000
    run = large_run(arguments.vulnerabilities, size)
    with chromium() as browser:
        measure(browser, "logs as a node writes them", run)
        measure(browser, "logs of random words", of_random_words(run, size))


if __name__ == "__main__":
    main()
