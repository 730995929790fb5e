"""Starts a phase: its services come up while its node's container is created, which is started when they are up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from fastflow.errors import EngineCallError, EngineError
from fastflow.plan import PULL_TIMEOUT
from fastflow.record.folder import LogFile
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext
from fastflow.run.failure import OverdueError, PhaseFailedError
from fastflow.run.networks import change_project, has_network, missing_networks
from fastflow.run.node import RunningNode
from fastflow.run.services import ensure_services, renew_services

_TRIES = 10
"""How often a container is created if it, or a network of it, is pruned before it has run."""


def _nothing(_: str) -> None:
    """The preparation that most containers need before they start: none."""


def start_phase(context: PhaseContext, attempt: int, prepare: Callable[[str], None] = _nothing) -> RunningNode:
    """Bring up the services of a phase and then its node; raises PhaseFailedError if one does not come up.

    The node's container is already created, but not started, before the services are up, because creating it takes as
    long as starting it. `prepare` is called with its id before it starts.
    """
    if attempt > 1:
        _remove_remains(context)  # of a run that keeps its containers
    renew_services(context)
    if context.phase.node.container is not None:
        # A user's additions to a container may need Compose for its start: secrets, configs, hooks.
        ensure_services(context)
        with starting_node(context, attempt) as log_file:
            if prepare is not _nothing:
                _create(context)
                prepare(_there(context).id)
            change_project(
                context,
                lambda project: context.engine.compose.up(
                    project, [context.phase.service], with_dependencies=False, timeout=context.left(PULL_TIMEOUT)
                ),
            )
            return RunningNode(context, _there(context), log_file)
    with _leaving_nothing(context):
        ensure_services(context, meanwhile=lambda: _create(context))
    with starting_node(context, attempt) as log_file:
        return RunningNode(context, _started(context, prepare), log_file)


@contextmanager
def starting_node(context: PhaseContext, attempt: int, number: int = 1) -> Iterator[LogFile]:
    """Open the log for a node that the block starts; if that fails, close it and remove what exists of the node.

    Raises PhaseFailedError if the engine does not start it.
    """
    log_file = _open_log(context, attempt, number)
    try:
        with _leaving_nothing(context):
            yield log_file
    except EngineError as error:
        log_file.close()
        raise PhaseFailedError(error.message, error.hint, is_infrastructure=True) from error
    except BaseException:
        log_file.close()
        raise


@contextmanager
def _leaving_nothing(context: PhaseContext) -> Iterator[None]:
    """Remove the containers of a phase's node if it cannot be started; those of a run that stops go with the run."""
    try:
        yield
    except (EngineError, PhaseFailedError, OverdueError):
        _remove_remains(context)
        raise


def _open_log(context: PhaseContext, attempt: int, number: int) -> LogFile:
    """Open the log of a phase's container: one for each attempt, and one for each test run that is reported."""
    name = context.phase.id
    name += f".{number}" if number > 1 else ""
    name += f".attempt-{attempt}" if attempt > 1 else ""
    log_file = context.run.folder.log(name)
    if number == 1:
        context.report_state(None, log=str(log_file.path))
    return log_file


def _remove_remains(context: PhaseContext) -> None:
    """Remove the containers that a phase has by its labels, as far as the engine can; never raises."""
    with suppress(EngineError):
        context.engine.api.remove_containers(found.id for found in _containers(context))


def _containers(context: PhaseContext) -> tuple[Container, ...]:
    return context.engine.api.containers(context.labels("node"))


def _there(context: PhaseContext) -> Container:
    found = _containers(context)
    if not found:
        raise EngineError("Compose started the node, but it is not there")
    return found[0]


def _create(context: PhaseContext) -> None:
    """Create the node's container and, in the same call, that of the phase which follows; nothing if it exists.

    A run that keeps its containers keeps none that never ran.
    """
    if _containers(context):
        return
    follower = None if context.run.settings.keep else context.phase.follower
    services = [context.phase.service, *([context.run.plan.phases[follower].service] if follower else [])]
    change_project(
        context, lambda project: context.engine.compose.create(project, services, timeout=context.left(PULL_TIMEOUT))
    )


def _started(context: PhaseContext, prepare: Callable[[str], None]) -> Container:
    """Start the created container; if it or its network was pruned meanwhile, create it again."""
    for _ in range(_TRIES):
        _create(context)
        context.check()
        container_id = _there(context).id
        prepare(container_id)
        try:
            context.engine.api.start(container_id)
        except EngineCallError:
            if context.engine.api.inspect([container_id]):
                if not _has_lost_network(context):
                    raise
                context.engine.api.remove_containers([container_id])  # Compose makes the network with a new one
        else:
            return _there(context)
    raise EngineError(
        "the node's container was removed again and again before it ran",
        "check that nothing prunes containers or networks",
    )


def _has_lost_network(context: PhaseContext) -> bool:
    """Whether a network that was made for the node is gone: a prune removes one on which nothing runs yet."""
    own = (key for key in context.phase.networks if key not in context.workflow.resolved.shared)
    return bool(missing_networks(context)) or not all(has_network(context, key) for key in own)
