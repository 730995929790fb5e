"""invalid-value across fields: what no single field can know."""

import re
from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.graph import EXTERNAL
from fastflow.model.cloud import TOKEN_HINT
from fastflow.model.host import CLUSTER_FIELDS, Host
from fastflow.model.mode import BUILD_ID_VARIABLE, MODE_VARIABLE
from fastflow.model.node import NODE_TYPES, HarRecordingNode, ScanningNode
from fastflow.model.node_parts import RECORD_VARIABLE
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.spec.document import Scalar, YamlList, YamlMap

RULE = Rule("invalid-value", "error", "a value of the wrong type, shape or range", can_be_silenced=False)
_HOSTS = "write { context: NAME } or { docker_host: ssh://user@machine }"
_ENGINE = re.compile(r"(ssh|tcp|unix)://.")
_OF_FAST = {
    name: field for node in NODE_TYPES.values() if node.traits.uses_cloud for name, field in node.variables().items()
}


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at tokens, at hosts, at environments and at fresh services."""
    yield from _tokens(facts)
    for name, host in (facts.spec.hosts or {}).items():
        yield from _cluster_fields(facts, name, host)
        if (host.context is None) == (host.docker_host is None):
            message = f"host `{name}` needs exactly one of `context` and `docker_host`"
            yield RULE.finding(message, facts.places.key("hosts", name), _HOSTS)
        elif host.docker_host is not None and "$" not in host.docker_host and not _ENGINE.match(host.docker_host):
            message = f"`docker_host`: expected ssh://, tcp:// or unix://, not `{host.docker_host}`"
            yield RULE.finding(message, facts.places.value("hosts", name, "docker_host"), _HOSTS)
    for phase in facts.phases:
        yield from _environment(facts, phase)
        yield from _kind(facts, phase)
    if not facts.graph.cycles:
        yield from _fresh(facts)


def _cluster_fields(facts: Facts, name: str, host: Host) -> Iterator[Diagnostic]:
    """Fields belong to a kind of host as others belong to modes."""
    for field in CLUSTER_FIELDS if not host.is_cluster else ():
        if getattr(host, field) is not None:
            place = facts.places.key("hosts", name, field)
            message = f"`{field}` is a field of a cluster, and host `{name}` is a single engine"
            yield place.error("mode-field", message, "remove it, or set swarm: true")


def _tokens(facts: Facts) -> Iterator[Diagnostic]:
    """Report each token variable whose value no token can have: a spec keeps the reference, and no field knows it.

    The value itself is never repeated.
    """
    first: dict[str, str] = {}
    for workflow in facts.spec.cloud_workflows:
        first.setdefault(facts.spec.cloud_of(workflow).token_name, workflow)
    for name, workflow in first.items():
        if name in facts.malformed_tokens:
            message = f"the value of {name}, which holds the token, {facts.malformed_tokens[name]}"
            yield RULE.finding(message, facts.token_place(workflow), TOKEN_HINT)


def _environment(facts: Facts, phase: Phase) -> Iterator[Diagnostic]:
    variables = _OF_FAST if phase.traits.uses_cloud else phase.node.variables()
    for name in phase.node.environment or {}:
        home = None
        if name in variables:
            home = f"write {variables[name]}: in the node"
        elif name == RECORD_VARIABLE and not phase.traits.uses_cloud:
            home = "it is where the scanner finds the record"
        elif name == BUILD_ID_VARIABLE:
            home = "write build_id: in the node or its workflow"
        elif name == MODE_VARIABLE and phase.traits.uses_cloud:
            home = "write mode: in the node"
        elif name.startswith("WALLARM_"):
            home = "set the WALLARM_* variables under `cloud`"
        if home:
            place = _environment_place(facts, phase, name)
            yield RULE.finding(f"`environment` may not set {name}, which has its own field", place, home)


def _kind(facts: Facts, phase: Phase) -> Iterator[Diagnostic]:
    """Look at what nodes need that are not FAST's."""
    node, places = phase.node, facts.places
    if isinstance(node, HarRecordingNode) and (node.ca_cert is None) != (node.ca_key is None):
        given, other = ("ca_cert", "ca_key") if node.ca_key is None else ("ca_key", "ca_cert")
        if not facts.lost.has(phase, other):
            message = f"`{given}` needs `{other}`, the key that the certificate signs with"
            yield RULE.finding(message, places.key(*phase.path, given), f"add it: {other}: PATH")
    if not isinstance(node, ScanningNode):
        return
    builds = node.container is not None and node.container.get("build") is not None
    if node.image is None and not builds and not facts.lost.has(phase, "image", "container"):
        message = f"{phase.id} has no `image`, and there is no default for scanners"
        yield RULE.finding(
            message, facts.node_place(phase), "name it: image: IMAGE; or build it: container: { build: DIRECTORY }"
        )
    if node.test_record == EXTERNAL:
        message = "`test_record`: the record of a scanner is a file of this run or of the one that it resumes"
        yield RULE.finding(message, places.value(*phase.path, "test_record"), "name the recording phase")
    codes = node.exit_codes
    if codes is not None and (both := codes.of_nothing & codes.of_vulnerabilities - {None}):
        message = (
            f"`exit_codes`: {min(code for code in both if code is not None)} cannot mean both passed and vulnerable"
        )
        yield RULE.finding(message, places.key(*phase.path, "exit_codes"), "write it under one of them")


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
                hint = f"run one after the other with depends_on: [{other.name}]"
                related = (Related(facts.node_place(other).mark, f"{other.id} is here"),)
                yield RULE.finding(message, facts.places.key(*phase.path, "fresh"), hint, related)
