"""host-unknown: a workflow on a host that is not declared."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, did_you_mean

RULE = Rule("host-unknown", "error", "a workflow on a host that is not declared", can_be_silenced=False)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Every name under a workflow's `host` is one under the spec's `hosts`, or `any`."""
    known = tuple(facts.spec.hosts or ())
    for name, workflow in facts.spec.workflows.items():
        for wanted in workflow.host or ():
            if workflow.host == ("any",) or wanted in known or "$" in wanted:
                continue
            hint = did_you_mean(wanted, known) if known else "declare it: hosts: { NAME: { context: CONTEXT } }"
            if wanted == "any":
                hint = "write host: any, because `any` cannot be combined with names"
            place = facts.places.entry(wanted, "workflows", name, "host")
            yield RULE.finding(f"there is no host `{wanted}`", place, hint)
