"""invalid-value across fields: what no single field can know."""

from collections.abc import Iterator

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic
from fastflow.model.node import NODE_TYPES
from fastflow.model.phases import Phase
from fastflow.model.places import Place

RULE = "invalid-value"
_FAST_VARIABLES = {field.upper(): field for node in NODE_TYPES.values() for field in node.fast_variables}


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at hosts, at environments and at fresh services."""
    for name, host in (facts.spec.hosts or {}).items():
        if (host.context is None) == (host.docker_host is None):
            message = f"host `{name}` needs exactly one of `context` and `docker_host`"
            yield error(RULE, message, facts.places.key("hosts", name))
    for phase in facts.phases:
        yield from _environment(facts, phase)
    if not facts.graph.cycles:
        yield from _fresh(facts)


def _environment(facts: Facts, phase: Phase) -> Iterator[Diagnostic]:
    for name in phase.node.environment or {}:
        home = None
        if name in _FAST_VARIABLES:
            home = f"write {_FAST_VARIABLES[name]}: in the node"
        elif name == "BUILD_ID":
            home = "write build_id: in the node or its workflow"
        elif name == "CI_MODE":
            home = "write mode: in the node"
        elif name.startswith("WALLARM_API_"):
            home = "the WALLARM_* variables live under `cloud`"
        if home:
            place = _environment_place(facts, phase, name)
            yield error(RULE, f"`environment` may not set {name}, which has a field of its own", place, home)


def _environment_place(facts: Facts, phase: Phase, name: str) -> Place:
    path = (*phase.path, "environment")
    if facts.places.node(*path, name) is not None:
        return facts.places.key(*path, name)
    return facts.places.value(*path)


def _fresh(facts: Facts) -> Iterator[Diagnostic]:
    for phase in facts.phases:
        if not phase.node.fresh:
            continue
        for other in facts.phases:
            if other.workflow == phase.workflow and facts.graph.may_overlap(phase.id, other.id):
                message = f"{phase.id} wants fresh services while {other.id} may use them"
                hint = f"let one follow the other: depends_on: [{other.name}]"
                yield error(RULE, message, facts.places.key(*phase.path, "fresh"), hint)
                break
