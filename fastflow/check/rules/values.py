"""Values that cannot be judged by their field alone: of tokens, hosts, environments, clouds and accept files."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.graph import EXTERNAL
from fastflow.model.cloud import API_HOSTS, TOKEN_HINT, Cloud
from fastflow.model.host import CLUSTER_FIELDS, Host
from fastflow.model.mode import BUILD_ID_VARIABLE, MODE_VARIABLE
from fastflow.model.node import NODE_TYPES, HarRecordingNode, ScanningNode
from fastflow.model.node_parts import RECORD_VARIABLE
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlPath

_HOSTS = "write { context: NAME } or { docker_host: ssh://user@machine }"
_ENGINE = re.compile(r"(ssh|tcp|unix)://.")
_PARTNERS = {
    "ca_cert": ("ca_key", "the key that the certificate signs with"),
    "ca_key": ("ca_cert", "the certificate that the key belongs to"),
}
_OF_FAST = {
    name: field for node in NODE_TYPES.values() if node.traits.uses_cloud for name, field in node.variables().items()
}


@Rule("invalid-value", "error", "a value of the wrong type, shape or range", can_be_silenced=False).for_each_spec
def invalid_value(facts: Facts) -> Iterator[Diagnostic]:
    """Check tokens, hosts, environments and fresh services."""
    yield from _tokens(facts)
    for name, host in (facts.spec.hosts or {}).items():
        yield from _cluster_fields(facts, name, host)
        if (host.context is None) == (host.docker_host is None):
            message = f"host `{name}` needs exactly one of `context` and `docker_host`"
            yield invalid_value.finding(message, facts.places.key("hosts", name), _HOSTS)
        elif host.docker_host is not None and "$" not in host.docker_host and not _ENGINE.match(host.docker_host):
            message = f"`docker_host`: expected ssh://, tcp:// or unix://, not `{host.docker_host}`"
            yield invalid_value.finding(message, facts.places.value("hosts", name, "docker_host"), _HOSTS)
    for phase in facts.phases:
        yield from _environment(facts, phase)
        yield from _kind(facts, phase)
    if not facts.graph.cycles:
        yield from _fresh(facts)


def _cluster_fields(facts: Facts, name: str, host: Host) -> Iterator[Diagnostic]:
    """Fields belong to a kind of host as node fields belong to modes."""
    for field in CLUSTER_FIELDS if not host.is_cluster else ():
        if getattr(host, field) is not None:
            place = facts.places.key("hosts", name, field)
            message = f"`{field}` is a field of a cluster, and host `{name}` is a single engine"
            yield place.error("mode-field", message, "remove it, or set swarm: true")


def _tokens(facts: Facts) -> Iterator[Diagnostic]:
    """Report each token variable whose value cannot be a token: the spec keeps the reference, so no field checks it.

    The value itself is never repeated.
    """
    first: dict[str, str] = {}
    for workflow in facts.spec.cloud_workflows:
        first.setdefault(facts.spec.cloud_of(workflow).token_name, workflow)
    for name, workflow in first.items():
        if name in facts.malformed_tokens:
            message = f"the value of {name}, which holds the token, {facts.malformed_tokens[name]}"
            yield invalid_value.finding(message, facts.token_place(workflow), TOKEN_HINT)


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
            yield invalid_value.finding(f"`environment` may not set {name}, which has its own field", place, home)


def _kind(facts: Facts, phase: Phase) -> Iterator[Diagnostic]:
    """Check what non-FAST nodes need."""
    node, places = phase.node, facts.places
    if isinstance(node, HarRecordingNode) and (node.ca_cert is None) != (node.ca_key is None):
        given = "ca_cert" if node.ca_key is None else "ca_key"
        other, meaning = _PARTNERS[given]
        if not facts.lost.has(phase, other):
            message = f"`{given}` needs `{other}`, {meaning}"
            yield invalid_value.finding(message, places.key(*phase.path, given), f"add it: {other}: PATH")
    if not isinstance(node, ScanningNode):
        return
    builds = node.container is not None and node.container.get("build") is not None
    if node.image is None and not builds and not facts.lost.has(phase, "image", "container"):
        message = f"{phase.id} has no `image`, and there is no default for scanners"
        yield invalid_value.finding(
            message, facts.node_place(phase), "name it: image: IMAGE; or build it: container: { build: DIRECTORY }"
        )
    if node.test_record == EXTERNAL:
        message = "`test_record`: the record of a scanner is a file of this run or of the one that it resumes"
        yield invalid_value.finding(message, places.value(*phase.path, "test_record"), "name the recording phase")
    codes = node.exit_codes
    if codes is not None and (both := codes.of_nothing & codes.of_vulnerabilities - {None}):
        message = (
            f"`exit_codes`: {min(code for code in both if code is not None)} cannot mean both passed and vulnerable"
        )
        yield invalid_value.finding(message, places.key(*phase.path, "exit_codes"), "write it under one of them")


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
                yield invalid_value.finding(message, facts.places.key(*phase.path, "fresh"), hint, related)


@Rule("undefined-variable", "error", "a variable that is not set and has no default", needs_values=True).for_each_spec
def undefined_variable(facts: Facts) -> Iterator[Diagnostic]:
    """Report each unset token variable, at its reference or else where it is first needed.

    The reference to a token is never replaced in the spec, so interpolation does not see it.
    """
    seen = set()
    for workflow in facts.spec.cloud_workflows:
        name = facts.spec.cloud_of(workflow).token_name
        if name in facts.unset_tokens and name not in seen:
            seen.add(name)
            message = f"the variable {name}, which holds the token, is not set"
            hint = f"export {name}, or try the spec without an account: fastflow up --emulate"
            yield undefined_variable.finding(message, facts.token_place(workflow), hint)


@Rule("api-host-unknown", "warning", "an API server that is not one of Wallarm's").for_each_spec
def api_host_unknown(facts: Facts) -> Iterator[Diagnostic]:
    """Check every `cloud`, the spec's and the workflows'."""
    yield from _unknown_host(facts, facts.spec.cloud, ("cloud",))
    for name, workflow in facts.spec.workflows.items():
        yield from _unknown_host(facts, workflow.cloud, ("workflows", name, "cloud"))


def _unknown_host(facts: Facts, cloud: Cloud | None, path: YamlPath) -> Iterator[Diagnostic]:
    host = cloud.api_host if cloud else None
    if host is None or host in API_HOSTS or "$" in host:
        return
    hint = did_you_mean(host, API_HOSTS)
    yield api_host_unknown.finding(
        f"`{host}` is not one of Wallarm's API servers", facts.places.value(*path, "api_host"), hint
    )


@Rule("accept-expired", "warning", "an expired entry of an accept file").for_each_spec
def accept_expired(facts: Facts) -> Iterator[Diagnostic]:
    """Report each entry that has expired (today in UTC)."""
    today = datetime.now(UTC).date()
    for file in facts.accept_files.values():
        for entry in file.expired_on(today).values():
            passed = f"`{entry.fingerprint}` was accepted until {entry.expires}, which has passed"
            hint = "fix the vulnerability and remove the entry, or set a later date"
            yield accept_expired.finding(
                f"{passed}, so it fails its gate again", Place(file.days[entry.fingerprint]), hint
            )
