"""dependency-unknown: a dependency, glob or record that names no phase."""

from collections.abc import Iterator

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic
from fastflow.graph import Dangling, qualified
from fastflow.model.suggest import did_you_mean

RULE = "dependency-unknown"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Report what the graph could not resolve."""
    for dangling in facts.graph.dangling:
        place = facts.places.entry(dangling.name, *dangling.path)
        yield error(RULE, _message(facts, dangling), place, _hint(facts, dangling))


def _message(facts: Facts, dangling: Dangling) -> str:
    workflow = facts.graph.phases[dangling.phase].workflow
    full = qualified(dangling.name, workflow)
    if dangling.wanted == "recording" and full in facts.graph.phases:
        return f"test_record: {full} is a {facts.graph.phases[full].node.mode} node, not a recording one"
    if "*" in dangling.name:
        return f"the glob `{dangling.name}` matches no phase"
    return f"there is no phase `{dangling.name}`" + ("" if "." in dangling.name else f" in workflow {workflow}")


def _hint(facts: Facts, dangling: Dangling) -> str | None:
    workflow = facts.graph.phases[dangling.phase].workflow
    known = [
        phase.id if "." in dangling.name or phase.workflow != workflow else phase.name
        for phase in facts.phases
        if phase.id != dangling.phase and (dangling.wanted == "phase" or phase.node.mode == "recording")
    ]
    return did_you_mean(dangling.name, known)
