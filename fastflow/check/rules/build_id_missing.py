"""build-id-missing: without BUILD_ID one token serves one running container."""

from collections import defaultdict
from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, Severity
from fastflow.model.phases import Phase

RULE = Rule("build-id-missing", "error", "a node without a BUILD_ID while others use its token", needs_order=True)
_HINT = "set build_id in the node or its workflow, such as web${FASTFLOW_CI_ID}"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Report nodes without BUILD_ID: as an error where another node of their token may run beside them."""
    by_token: dict[str, list[Phase]] = defaultdict(list)
    for phase in facts.phases:
        if phase.uses_build_id and not facts.lost.has_build_id(phase) and not facts.lost.has_order(phase):
            by_token[phase.token].append(phase)
    for phases in by_token.values():
        without = [phase for phase in phases if phase.build_id is None]
        rivals = facts.graph.rivals(phase.id for phase in phases) if without else {}
        for phase in without:
            place = facts.node_place(phase)
            if (rival := rivals.get(phase.id)) is None:
                message = f"{phase.id} has no BUILD_ID: another pipeline on this token would abort it"
                yield RULE.finding(message, place, _HINT, severity=Severity.WARNING)
                continue
            meeting = f"{rival} may run at the same time on the same token: one aborts the other"
            related = Related(facts.node_place(facts.graph.phases[rival]).mark, f"{rival} is here")
            yield RULE.finding(f"{phase.id} has no BUILD_ID, and {meeting}", place, _HINT, (related,))
