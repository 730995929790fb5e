"""shared-target: two testers that attack one application at the same time."""

from collections.abc import Iterator, Sequence

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase

RULE = Rule("shared-target", "warning", "two testers that attack one application at once", needs_order=True)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at workflows with a scanner besides FAST, whose testers share an account and its test runs anyway."""
    for phases in facts.by_workflow.values():
        testers = [phase for phase in phases if phase.traits.needs == "record" and facts.is_ordered(phase)]
        if all(phase.traits.uses_cloud for phase in testers):
            continue  # thousands of them need no comparison
        for at, phase in enumerate(testers):
            if (rival := _rival(facts, phase, testers[:at])) is not None:
                message = (
                    f"{phase.id} may attack the application while {rival.id} does: "
                    "each may report problems that the other caused"
                )
                hint = f"run one after the other with depends_on: [{rival.name}], or give each its own workflow"
                related = Related(facts.node_place(rival).mark, f"{rival.id} is here")
                yield RULE.finding(message, facts.node_place(phase), hint, (related,))


def _rival(facts: Facts, phase: Phase, earlier: Sequence[Phase]) -> Phase | None:
    for other in earlier:
        if not (phase.traits.uses_cloud and other.traits.uses_cloud) and facts.graph.may_overlap(phase.id, other.id):
            return other
    return None
