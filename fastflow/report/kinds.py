"""The kinds of reports on a run: each is a module that makes a text from a run's archive."""

from collections.abc import Callable, Mapping
from importlib import import_module

from fastflow.record.archive import Archive

KINDS: Mapping[str, str] = {
    "json": "run_json",
    "junit": "junit",
    "sarif": "sarif_run",
    "markdown": "markdown",
    "html": "html.page",
}
"""The module of each kind, in this package. It has one function, `render(archive) -> str`."""


def render(kind: str, archive: Archive) -> str:
    """Make a report; imports only what that kind needs."""
    make: Callable[[Archive], str] = import_module(f"fastflow.report.{KINDS[kind]}").render
    return make(archive)
