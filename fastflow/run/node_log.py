"""Reads the log of a FAST node, whose lines are in Wallarm's FAST documentation. All knowledge of them is here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

EMPTY_HINT = (
    "send the tests' requests through the node (http_proxy, and https_proxy for https://), to hosts in "
    "allowed_hosts that are not in no_proxy"
)
Ending = Literal["running", "passed", "found", "error"]
"""How the test set of a baseline ended."""

_RECORDS = re.compile(r"TestRecord#(?P<id>\S+) .*starts to record")
_USES = re.compile(r"Use TestRecord#(?P<id>\S+) for creating TestRun")
_CREATED = re.compile(r"TestRun#(?P<id>\S+) created")
_FOUND = re.compile(r"Found (?P<count>\d+) vulnerabilit\w+, marking the test set for baseline #(?P<baseline>\S+)")
_ENDED = re.compile(r"TestRun#(?P<id>\S+) (?P<how>passed|failed)\b")
_BASELINE = re.compile(r"(?:Running a test set for the|[Tt]est set for) baseline #(?P<baseline>\S+?)\.?(?: |$)")
_REQUEST = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?:https?://|/)\S*")
_ERROR = re.compile(r"^\s*(?:\[error\]|ERROR\b[^:]*:)\s*(?P<text>.+)$")
_EMPTY = re.compile(r"empty|no baselines?|without a baseline", re.I)
_INFRASTRUCTURE = re.compile(r"Request Timeout", re.I)
# The error is any line of an error that names the baseline.
_TEST_SETS: tuple[tuple[re.Pattern[str], Ending], ...] = (
    (re.compile(r"Running a test set for the baseline #(\S+)"), "running"),
    (re.compile(r"Found \d+ vulnerabilit\w+, marking the test set for baseline #(\S+) as failed"), "found"),
    (re.compile(r"No issues found\. Test set for baseline #(\S+) passed"), "passed"),
    (re.compile(r"^\s*(?:\[error\]|ERROR\b).*[Tt]est set for(?: the)? baseline #(\S+)"), "error"),
)


@dataclass
class NodeLog:
    """The facts in a node's log so far; lines are taken one by one as they arrive."""

    record: str | None = None
    run: str | None = None
    """The test run that was created."""
    ended: str | None = None
    """How that test run ended: passed or failed."""
    errors: list[str] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    baselines: set[str] = field(default_factory=set)
    is_recording: bool = False
    last: str = ""
    attack: str = ""
    """The last thing sent, as far as the log says: a request, else the baseline whose test set runs."""

    def take(self, line: str) -> None:
        """Take one line."""
        if line.strip():
            self.last = line.strip()
        if match := _RECORDS.search(line):
            self.record, self.is_recording = match["id"], True
        elif match := _USES.search(line):
            self.record = match["id"]
        elif match := _CREATED.search(line):
            self.run = match["id"]
        elif match := _FOUND.search(line):
            self.found[match["baseline"]] = int(match["count"])
        elif match := _ENDED.search(line):
            if match["id"] == self.run:
                self.ended = match["how"]
        elif match := _ERROR.match(line):
            self.errors.append(match["text"].strip())
        if match := _BASELINE.search(line):
            self.baselines.add(match["baseline"])
            self.attack = f"a request of the test set for baseline #{match['baseline']}"
        if match := _REQUEST.search(line):
            self.attack = f"`{match[0]}`"

    @property
    def error(self) -> str | None:
        """The first error that the node printed."""
        return self.errors[0] if self.errors else None

    @property
    def vulnerabilities(self) -> int:
        """The number of vulnerabilities in the log."""
        return sum(self.found.values())

    @property
    def is_infrastructure(self) -> bool:
        """Whether the error may go away by itself."""
        return any(_INFRASTRUCTURE.search(error) for error in self.errors)


class OtherLog(NodeLog):
    """The log of a non-FAST node: its only facts are the last line, and perhaps a request."""

    def take(self, line: str) -> None:
        """Take one line."""
        if line.strip():
            self.last = line.strip()
        if match := _REQUEST.search(line):
            self.attack = f"`{match[0]}`"


def created_run(line: str) -> str | None:
    """The test run whose creation a line reports."""
    match = _CREATED.search(line)
    return match["id"] if match else None


def ended_test_sets(lines: Iterable[str]) -> dict[str, Ending]:
    """Each baseline in a node's log, and how its test set ended, in the order of the log."""
    found: dict[str, Ending] = {}
    for line in lines:
        for pattern, ending in _TEST_SETS:
            if (match := pattern.search(line)) is not None:
                found[match[1].rstrip(".:")] = ending
                break
    return found


def reason_of(error: str) -> str:
    """The reason for a phase's failure by an error; a record without a baseline has its own wording."""
    return f"empty record: {error}" if _EMPTY.search(error) and "empty record" not in error.lower() else error


def advice_on(error: str) -> str | None:
    """What to do about a known error of nodes."""
    lower = error.lower()
    if "access denied" in lower:
        return "check the token, and that it belongs to the cloud at cloud.api_host"
    if "request timeout" in lower:
        return "check cloud.api_host, and that containers reach it"
    if "not_ready_for_cloning" in lower:
        return "make this phase depend on the recording phase, because the record is still being recorded"
    return EMPTY_HINT if _EMPTY.search(error) else None
