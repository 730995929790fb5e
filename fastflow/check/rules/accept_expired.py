"""accept-expired: an expired entry of an accept file."""

from collections.abc import Iterator
from datetime import UTC, datetime

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.places import Place

RULE = Rule("accept-expired", "warning", "an expired entry of an accept file")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Report each entry that excuses nothing any more today (in UTC)."""
    today = datetime.now(UTC).date()
    for file in facts.accept_files.values():
        for entry in file.expired_on(today).values():
            passed = f"`{entry.fingerprint}` was accepted until {entry.expires}, which has passed"
            hint = "fix the vulnerability and remove the entry, or set a later date"
            yield RULE.finding(f"{passed}, so it fails its gate again", Place(file.days[entry.fingerprint]), hint)
