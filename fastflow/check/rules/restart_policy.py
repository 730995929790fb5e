"""restart-policy: `restart` on a FAST node."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.compose_keys import RESTART, RESTART_HINT

RULE = Rule("restart-policy", "error", "`restart` on a FAST node")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at the Compose keys of every node, whatever the policy is."""
    for phase in facts.phases:
        if phase.node.container is not None and phase.node.container.key("restart") is not None:
            yield RULE.finding(RESTART, facts.places.key(*phase.path, "container", "restart"), RESTART_HINT)
