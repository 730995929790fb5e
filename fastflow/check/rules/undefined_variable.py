"""undefined-variable for tokens: the reference is never replaced in the spec, so it is looked at here."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic

RULE = Rule("undefined-variable", "error", "a variable that is not set and has no default", needs_values=True)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Report each token variable that is not set, where it is referred to or else where it is first needed."""
    seen = set()
    for workflow in facts.spec.cloud_workflows:
        name = facts.spec.cloud_of(workflow).token_name
        if name in facts.unset_tokens and name not in seen:
            seen.add(name)
            message = f"the variable {name}, which holds the token, is not set"
            hint = f"export {name}, or try the spec without an account: fastflow up --emulate"
            yield RULE.finding(message, facts.token_place(workflow), hint)
