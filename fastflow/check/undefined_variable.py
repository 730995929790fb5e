"""undefined-variable for tokens: the reference is never replaced in the spec, so it is looked at here."""

from collections.abc import Iterator

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic
from fastflow.model.places import Place

RULE = "undefined-variable"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Report each token variable that is not set, where it is referred to or else where it is first needed."""
    seen = set()
    for workflow in facts.spec.workflows:
        name = facts.spec.cloud_of(workflow).token_name
        if name in facts.unset_tokens and name not in seen:
            seen.add(name)
            message = f"the variable {name}, which holds the token, is not set"
            hint = f"export {name}, or try the spec without an account: fastflow up --emulate"
            yield error(RULE, message, _place(facts, workflow), hint)


def _place(facts: Facts, workflow: str) -> Place:
    for path in (("workflows", workflow, "cloud", "token"), ("cloud", "token")):
        if facts.places.node(*path) is not None:
            return facts.places.value(*path)
    return facts.places.key("workflows", workflow)
