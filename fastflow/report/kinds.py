"""The kinds of reports that a run can be told in: each a module that makes a text of a run's archive."""

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
    """Make a report; imports what that kind needs, and no more."""
    make: Callable[[Archive], str] = import_module(f"fastflow.report.{KINDS[kind]}").render
    return make(archive)
