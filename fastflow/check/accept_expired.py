"""accept-expired: an entry of an accept file whose last day has passed."""

from collections.abc import Iterator
from datetime import date

from fastflow.diagnostic import Diagnostic, Severity
from fastflow.model.accept import AcceptFile

RULE = "accept-expired"


def check(read: AcceptFile, today: date) -> Iterator[Diagnostic]:
    """Report each entry that excuses nothing any more on this day (of UTC)."""
    for entry in read.expired_on(today).values():
        message = f"`{entry.fingerprint}` was accepted until {entry.expires}, which has passed: it fails its gate again"
        hint = "fix the vulnerability and remove the entry, or write a later day"
        yield Diagnostic(RULE, Severity.WARNING, message, read.days[entry.fingerprint], hint)
