"""invalid-value across fields: what no single field can know."""

import re
from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.cloud import TOKEN_HINT
from fastflow.model.mode import BUILD_ID_VARIABLE, MODE_VARIABLE
from fastflow.model.node import NODE_TYPES
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.spec.document import Scalar, YamlList, YamlMap

RULE = Rule("invalid-value", "error", "a value of the wrong type, shape or range", can_be_silenced=False)
_HOSTS = "write { context: NAME } or { docker_host: ssh://user@machine }"
_ENGINE = re.compile(r"(ssh|tcp|unix)://.")
_FAST_VARIABLES = {field.upper(): field for node in NODE_TYPES.values() for field in node.fast_variables()}


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at tokens, at hosts, at environments and at fresh services."""
    yield from _tokens(facts)
    for name, host in (facts.spec.hosts or {}).items():
        if (host.context is None) == (host.docker_host is None):
            message = f"host `{name}` needs exactly one of `context` and `docker_host`"
            yield RULE.finding(message, facts.places.key("hosts", name), _HOSTS)
        elif host.docker_host is not None and "$" not in host.docker_host and not _ENGINE.match(host.docker_host):
            message = f"`docker_host`: expected ssh://, tcp:// or unix://, not `{host.docker_host}`"
            yield RULE.finding(message, facts.places.value("hosts", name, "docker_host"), _HOSTS)
    for phase in facts.phases:
        yield from _environment(facts, phase)
    if not facts.graph.cycles:
        yield from _fresh(facts)


def _tokens(facts: Facts) -> Iterator[Diagnostic]:
    """Report each token variable whose value no token can have: a spec keeps the reference, and no field knows it.

    The value itself is never repeated.
    """
    first: dict[str, str] = {}
    for workflow in facts.spec.workflows:
        first.setdefault(facts.spec.cloud_of(workflow).token_name, workflow)
    for name, workflow in first.items():
        if name in facts.malformed_tokens:
            message = f"the value of {name}, which holds the token, {facts.malformed_tokens[name]}"
            yield RULE.finding(message, facts.token_place(workflow), TOKEN_HINT)


def _environment(facts: Facts, phase: Phase) -> Iterator[Diagnostic]:
    for name in phase.node.environment or {}:
        home = None
        if name in _FAST_VARIABLES:
            home = f"write {_FAST_VARIABLES[name]}: in the node"
        elif name == BUILD_ID_VARIABLE:
            home = "write build_id: in the node or its workflow"
        elif name == MODE_VARIABLE:
            home = "write mode: in the node"
        elif name.startswith("WALLARM_"):
            home = "the WALLARM_* variables live under `cloud`"
        if home:
            place = _environment_place(facts, phase, name)
            yield RULE.finding(f"`environment` may not set {name}, which has a field of its own", place, home)


def _environment_place(facts: Facts, phase: Phase, name: str) -> Place:
    path = (*phase.path, "environment")
    tree = facts.places.node(*path)
    for at, item in enumerate(tree.items if isinstance(tree, YamlList) else ()):
        if isinstance(item, Scalar) and item.text.partition("=")[0] == name:
            return facts.places.value(*path, at)
    return facts.places.key(*path, name) if isinstance(tree, YamlMap) else facts.places.value(*path)


def _fresh(facts: Facts) -> Iterator[Diagnostic]:
    for phases in facts.by_workflow.values():
        sure = [phase for phase in phases if facts.is_ordered(phase)]
        wanting = [phase for phase in sure if phase.node.fresh]
        rivals = facts.graph.rivals(phase.id for phase in sure) if wanting else {}
        for phase in wanting:
            if phase.id in rivals:
                other = facts.graph.phases[rivals[phase.id]]
                message = f"{phase.id} wants fresh services while {other.id} may use them"
                hint = f"let one follow the other: depends_on: [{other.name}]"
                related = (Related(facts.node_place(other).mark, f"{other.id} is here"),)
                yield RULE.finding(message, facts.places.key(*phase.path, "fresh"), hint, related)
