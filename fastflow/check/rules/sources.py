"""Sources of the requests to record: missing ones, and those whose requests bypass the node."""

from collections.abc import Iterator, Mapping

from fastflow.application.model import Application
from fastflow.application.proxying import Bypass, Environment, bypass, proxy_variables
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.node import RecorderNode, TesterNode
from fastflow.model.phases import Phase
from fastflow.model.relations import ServiceSource
from fastflow.model.target import PLAIN_HOST, Target, hosts_in, target_of


@Rule("source-missing", "warning", "a recording node without a source").for_each_spec
def source_missing(facts: Facts) -> Iterator[Diagnostic]:
    """A recording node without a source runs until it is stopped."""
    for phase, node in facts.recorders:
        if node.source is None and not facts.lost.has(phase, "source"):
            message = f"{phase.id} has no source: it records until `fastflow stop {phase.id}` or its inactivity timeout"
            hint = "set source: { service: NAME } or source: { run: COMMAND }"
            yield source_missing.finding(message, facts.node_place(phase), hint)


_COMMAND = "its command"  # `http_proxy=… npm test` names the node as a variable does


@Rule("source-unproxied", "warning", "a source whose requests bypass the node", needs_applications=True).for_each_spec
def source_unproxied(facts: Facts) -> Iterator[Diagnostic]:
    """Check that a variable of the source's service, or of another service of the phase, names the node."""
    for phase, node, source, message, hint in _all(facts):
        yield source_unproxied.finding(
            message, facts.places.value(*phase.path, "source", *_step(node, source), "service"), hint
        )


def proxy_advice(facts: Facts) -> dict[str, str]:
    """Say for recording phases what to change so that requests go through the node."""
    return {phase.id: hint for phase, *_, hint in _all(facts)}


def _all(facts: Facts) -> Iterator[tuple[Phase, RecorderNode, ServiceSource, str, str]]:
    for phase, node in facts.recorders:
        application = facts.application_of(phase)
        if application is None or facts.lost.has(phase, "alias", "services"):
            continue
        services = [source for source in node.source or () if isinstance(source, ServiceSource)]
        known = [source for source in services if source.service in application.services]
        if not known:
            continue
        for message, hint in _faults(facts, phase, node, _environments(facts, phase, application, known)):
            yield phase, node, known[0], message, hint


def _step(node: RecorderNode, source: ServiceSource) -> tuple[int, ...]:
    sources = node.source or ()
    return (next(at for at, other in enumerate(sources) if other is source),)


def _environments(
    facts: Facts, phase: Phase, application: Application, sources: list[ServiceSource]
) -> Mapping[str, Environment]:
    """The variables of the sources and of the other services of the phase, by service."""
    names = [*(source.service for source in sources), *facts.services_of(phase)]
    services = [application.services[name] for name in names]
    found: dict[str, Environment] = {one.name: {**one.environment, _COMMAND: " ".join(one.command)} for one in services}
    for source in sources:
        found[source.service] = {**found[source.service], **(source.environment or {}), **_command(source)}
    unset = "" if facts.has_values else "$"  # a name without a value takes the caller's variable
    return {
        name: {variable: unset if value is None else value for variable, value in environment.items()}
        for name, environment in found.items()
    }


def _command(source: ServiceSource) -> Environment:
    if source.command is None:
        return {}
    return {_COMMAND: source.command if isinstance(source.command, str) else " ".join(source.command)}


def _faults(
    facts: Facts, phase: Phase, node: RecorderNode, environments: Mapping[str, Environment]
) -> Iterator[tuple[str, str]]:
    """The faults, and what to do about them."""
    alias = node.network_alias
    proxied = {name: found for name, one in environments.items() if (found := proxy_variables(one, alias))}
    if not proxied:
        values = [value for one in environments.values() for name, value in one.items() if name != _COMMAND]
        if any("$" in (value or "") for value in values):
            return  # it may be the node's address
        message = f"no variable of `{next(iter(environments))}` or of another service of {phase.id} names the node "
        hint = f"set http_proxy: http://{alias}:8080 in the service that sends the requests"
        yield f"{message}`{alias}`: nothing may be recorded", hint
        return
    for targets in _targets(facts, phase, node):
        ways = [
            (name, target, bypass(environments[name], proxied[name], target)) for target in targets for name in proxied
        ]
        name, target, way = ways[0]
        if way is not None and all(other for _, _, other in ways):
            yield _past(name, alias, target, way)


def _past(name: str, alias: str, target: Target, way: Bypass) -> tuple[str, str]:
    variable = way.variables[0]
    if way.exception is not None:
        message = f"{variable} of `{name}` names `{target.host}`: requests to it bypass the node `{alias}`"
        return message, f"remove `{way.exception}` from {variable}"
    message = f"only {variable} of `{name}` names the node `{alias}`: requests to {target.scheme}:// bypass it"
    return message, f"set {target.scheme}_proxy: http://{alias}:8080 as well"


def _targets(facts: Facts, phase: Phase, node: RecorderNode) -> Iterator[tuple[Target, ...]]:
    """Sets of targets of which at least one must be recorded: the tested target or, without one, the recorded hosts."""
    recorded = hosts_in(node.allowed_hosts)
    is_plain = all(PLAIN_HOST.fullmatch(host) for host in recorded)
    edges = [edge for edge in facts.graph.dependents[phase.id] if edge.reason in ("build_id", "test_record")]
    testers = [facts.graph.phases[edge.after].node for edge in edges]
    tested = {target_of(tester.test_run_uri) for tester in testers if isinstance(tester, TesterNode)}
    known = [one for one in tested if one and (not recorded or not is_plain or one.host in recorded)]
    if known:
        yield from ((target,) for target in sorted(known, key=lambda one: (one.host, one.scheme, one.port or 0)))
    elif recorded and is_plain:
        yield tuple(Target("", host, None) for host in recorded)
