"""Dependencies between phases: unknown ones and cycles."""

from collections.abc import Iterator

from fastflow.check.facts import HINTS, Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, closest, did_you_mean
from fastflow.graph import Dangling, Edge
from fastflow.model.phases import qualified
from fastflow.model.places import Place


@Rule(
    "dependency-unknown", "error", "a dependency, glob or record that names no phase", can_be_silenced=False
).for_each_spec
def dependency_unknown(facts: Facts) -> Iterator[Diagnostic]:
    """Report what the graph could not resolve."""
    for number, dangling in enumerate(facts.graph.dangling):
        if "$" in dangling.name or facts.lost.may_name(dangling.name, facts.graph.phases[dangling.phase].workflow):
            continue
        place = facts.places.entry(dangling.name, *dangling.path)
        yield dependency_unknown.finding(
            _message(facts, dangling), place, _hint(facts, dangling) if number < HINTS else None
        )


def _message(facts: Facts, dangling: Dangling) -> str:
    workflow = facts.graph.phases[dangling.phase].workflow
    full = qualified(dangling.name, workflow)
    if dangling.wanted == "recording" and full in facts.graph.phases:
        return f"test_record: {full} is a {facts.graph.phases[full].node.mode} node, not a recording one"
    if dangling.wanted == "recording" and _cells(facts, full):
        matrix = full.partition(".")[0]
        if not dangling.candidates:
            return f"test_record: no cell of the matrix {matrix} has the values of {workflow}"
        first, second, *_ = dangling.candidates
        return f"test_record: {full} is {len(dangling.candidates)} phases here, such as {first} and {second}"
    if "*" in dangling.name:
        return f"the glob `{dangling.name}` matches no other phase"
    kind = "recording phase" if dangling.wanted == "recording" else "phase"
    return f"there is no {kind} `{dangling.name}`" + ("" if "." in dangling.name else f" in workflow {workflow}")


def _hint(facts: Facts, dangling: Dangling) -> str | None:
    workflow = facts.graph.phases[dangling.phase].workflow
    if dangling.wanted == "recording" and (cells := _cells(facts, qualified(dangling.name, workflow))):
        return (
            f"name one, such as test_record: {cells[0]}; between two matrices, cells match by the axes that both have"
        )
    phases = facts.phases if "." in dangling.name else facts.by_workflow[workflow]
    known = [
        phase.id if "." in dangling.name else phase.name
        for phase in phases
        if phase.id != dangling.phase and (dangling.wanted == "phase" or phase.traits.makes == "record")
    ]
    if "." in dangling.name:
        known += dict.fromkeys(f"{one.cell.matrix}.{one.name}" for one in phases if one.cell is not None)
    if "*" in dangling.name:
        return "write a glob for WORKFLOW.NODE, or for NODE in this workflow; it never matches the node itself"
    others = (phase.id for phase in facts.phases if phase.name == dangling.name and phase.workflow != workflow)
    if "." not in dangling.name and dangling.wanted == "phase" and (other := next(others, None)):
        return f"did you mean `{other}`? A name without a dot belongs to this workflow"
    hint = did_you_mean(dangling.name, known) or "name it as WORKFLOW.NODE, or as NODE in its own workflow"
    uses_cloud = facts.graph.phases[dangling.phase].traits.uses_cloud
    if dangling.wanted == "recording" and uses_cloud and closest(dangling.name, known) is None:
        hint += "; the id of a record goes into test_record_id"
    return hint


def _cells(facts: Facts, full: str) -> list[str]:
    """The phases that `MATRIX.NODE` stands for."""
    matrix, _, node = full.partition(".")
    names = (f"{cell}.{node}" for cell in facts.spec.matrices.get(matrix, ()))
    return [name for name in names if name in facts.graph.phases]


_SHOWN = 50


@Rule("dependency-cycle", "error", "phases that wait for each other", can_be_silenced=False).for_each_spec
def dependency_cycle(facts: Facts) -> Iterator[Diagnostic]:
    """One finding for each strongly connected component, with a shortest cycle in it."""
    for cycle in facts.graph.cycles:
        names = [edge.before for edge in cycle] + [cycle[0].before]
        if len(names) > _SHOWN:
            names = [*names[: _SHOWN - 2], "...", names[-1]]
        places = [_place(facts, edge) for edge in cycle]
        first = min(range(len(cycle)), key=lambda at: places[at].mark)
        related = tuple(
            Related(place.mark, f"{edge.after} waits for {edge.before} ({edge.reason})")
            for edge, place in zip(cycle, places, strict=True)
        )
        yield dependency_cycle.finding(
            f"these phases wait for each other: {' → '.join(names)}",
            places[first],
            "remove one of the dependencies",
            related,
        )


def _place(facts: Facts, edge: Edge) -> Place:
    phase = facts.graph.phases[edge.after]
    if edge.reason != "depends_on":
        return facts.node_place(phase)
    path = (*phase.path, "depends_on")
    names = [edge.before]
    if facts.graph.phases[edge.before].workflow == phase.workflow:
        names.append(facts.graph.phases[edge.before].name)
    for name in names:
        place = facts.places.entry(name, *path)
        if place != facts.places.value(*path):
            return place
    return facts.places.value(*path)
