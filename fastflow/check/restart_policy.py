"""restart-policy: `restart` on a FAST node."""

from collections.abc import Iterator

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic
from fastflow.model.faults import RESTART, RESTART_HINT

RULE = "restart-policy"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at the Compose keys of every node, whatever the policy is."""
    for phase in facts.phases:
        if phase.node.container is not None and phase.node.container.key("restart") is not None:
            yield error(RULE, RESTART, facts.places.key(*phase.path, "container", "restart"), RESTART_HINT)
