"""The application's services: started with the first phase that needs them, checked again before each."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from fastflow.errors import EngineError, EngineTimeoutError
from fastflow.plan import ServicePlan
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.networks import with_addresses
from fastflow.run.service_wait import ServiceWait, hint_on, is_up, keep_log, refuse_faulty, service_containers, too_late
from fastflow.run.service_watch import ServiceWatch
from fastflow.run.verdict import Verdict

_VOLUME = "com.docker.compose.volume"
_BLIND = "if it may restart before it is ready, give it a healthcheck, so that the phase waits for it"


def ensure_services(context: PhaseContext, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Bring up the services of a phase and watch them from then on.

    `meanwhile` is called between their start and the moment when all are up. Raises PhaseFailedError if one does not
    come up, turns unhealthy or has died.
    """
    services = context.phase.services
    context.watch(ServiceWatch(context.observer, context.phase.attacked))
    found: tuple[Container, ...] = ()
    waiting = ServiceWait(context, services)
    try:
        with waiting.noting():
            if services:
                with context.changing_project():
                    found = _start_missing(context, services)
            missing = {service.name for service in services} - {str(container.service) for container in found}
            if missing:
                raise PhaseFailedError(f"services are not there: {', '.join(sorted(missing))}")
            waiting.follow(found)
            meanwhile()
            context.services.begin(waiting.until_up(found))
    finally:
        waiting.close()


def settle_services(context: PhaseContext) -> None:
    """Wait once more for services that have restarted although nobody has sent a request yet.

    Only for those that give no sign of being up: the phase has already waited for all others.
    """
    faults = context.services.faults(_found(context)) if context.services.is_disturbed() else ()
    if faults and all(_is_blind(context, fault.container) and fault.container.is_alive for fault in faults):
        ensure_services(context)


def with_services(context: PhaseContext, verdict: Verdict) -> Verdict:
    """Judge a phase that has ended by its services too: it has not passed if one failed meanwhile.

    Findings are kept, because a pipeline that tolerates failures must not miss them. Raises EngineError if the engine
    cannot be asked and the phase would pass.
    """
    is_final = verdict.is_infrastructure or (context.run.cancellation.is_set and verdict.state != "passed")
    if is_final or not context.services.is_watching:
        return verdict
    try:
        faults = context.services.faults(_found(context))
    except EngineError:
        if verdict.state == "passed":
            raise
        return verdict
    if not faults:
        return verdict
    first = faults[0]
    said = "; ".join(fault.text for fault in faults)
    evidence = keep_log(context, first.container, until=first.time)
    hints = (hint_on(evidence), _BLIND if first.has_restarted and _is_blind(context, first.container) else None)
    hint = "; ".join(one for one in hints if one) or verdict.hint
    if verdict.state == "vulnerable":
        return replace(verdict, reason=f"{verdict.reason}; besides, {said}", hint=hint, evidence=evidence)
    reason = f"{said}; {verdict.reason}" if verdict.state == "failed" and verdict.reason else said
    return Verdict("failed", reason, hint, evidence=evidence or verdict.evidence)


def renew_services(context: PhaseContext) -> None:
    """Remove the phase's `fresh` services with their volumes, so that they are recreated."""
    fresh = context.phase.fresh
    if not fresh or not context.workflow.is_up:
        return
    with context.changing_project():
        api, labels = context.engine.api, context.run.labels(context.workflow)
        api.remove_containers(found.id for found in service_containers(context, fresh))
        volumes = (api.volumes({**labels, _VOLUME: key}) for key in context.phase.fresh_volumes)
        api.remove_volumes(name for names in volumes for name in names)


def _found(context: PhaseContext) -> tuple[Container, ...]:
    return service_containers(context, (service.name for service in context.phase.services))


def _is_blind(context: PhaseContext, container: Container) -> bool:
    """Whether a service has neither a healthcheck nor a pattern in its log, and so counts as up once it runs."""
    pattern = next((service.log for service in context.phase.services if service.name == container.service), None)
    return container.health is None and pattern is None


def _start_missing(context: PhaseContext, services: Sequence[ServicePlan]) -> tuple[Container, ...]:
    """Create and start the services that do not exist yet; return the containers of all."""
    names = {service.name for service in services}
    found = service_containers(context, names) if context.workflow.has_services else ()
    refuse_faulty(context, found)
    existing = {container.service for container in found}
    missing = [service for service in services if service.name not in existing]
    if not missing:
        return found
    context.workflow.has_services = True
    # With dependencies, Compose would restart services that have done their work and ended.
    with_dependencies = all(container.status == "running" for container in found)
    timeout = max(service.timeout for service in missing)
    try:
        with_addresses(
            context,
            lambda project: context.engine.compose.up(
                project,
                [service.name for service in missing],
                with_dependencies=with_dependencies,
                timeout=context.left(timeout),
                may_wait=context.phase.may_wait,
            ),
        )
    except EngineError as error:
        raise _not_started(context, missing, timeout, error) from error
    return service_containers(context, names)


def _not_started(
    context: PhaseContext, missing: Sequence[ServicePlan], timeout: int, error: EngineError
) -> PhaseFailedError:
    """Explain an error of Compose by the dependencies that it waits for while it starts services."""
    found: tuple[Container, ...] = ()
    with suppress(EngineError):
        found = service_containers(context, (service.name for service in missing))
    refuse_faulty(context, found)
    late = [container for container in found if not is_up(container)]
    if isinstance(error, EngineTimeoutError) and late:
        return too_late(context, late, timeout)
    return PhaseFailedError(f"services: {error.message}", error.hint, is_infrastructure=True)
