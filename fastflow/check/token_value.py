"""invalid-value for tokens: the reference is never replaced in the spec, so what it leads to is looked at here."""

from collections.abc import Iterator

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic
from fastflow.model.token import HINT

RULE = "invalid-value"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Report each token variable whose value no token can have. The value itself is never repeated."""
    first: dict[str, str] = {}
    for workflow in facts.spec.workflows:
        first.setdefault(facts.spec.cloud_of(workflow).token_name, workflow)
    for name, workflow in first.items():
        if name in facts.malformed_tokens:
            message = f"the value of {name}, which holds the token, {facts.malformed_tokens[name]}"
            yield error(RULE, message, facts.token_place(workflow), HINT)
