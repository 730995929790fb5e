"""compose-invalid: a project that Docker Compose rejects. Only Compose can tell; who asked it reports it here."""

import re

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic

RULE = Rule("compose-invalid", "error", "a project that Docker Compose rejects", is_offline=False)
# Names of the inline documents in Compose's words: its standard input, and files that were written for one call.
_OUR_NAMES = re.compile(r"^validating (-|\S*/fastflow-[^/\s]+/\d+\.yml): ")


def rejected(facts: Facts, workflow: str, reason: str) -> Diagnostic:
    """The finding where Docker Compose rejects the project of a workflow; `reason` is in Compose's own words."""
    place = facts.places.value("workflows", workflow, "compose")
    message = f"Docker Compose rejects the project of workflow {workflow}: {_OUR_NAMES.sub('', reason)}"
    return RULE.finding(message, place, f"see the project: fastflow config -w {workflow}")
