"""A testing phase: services up, node to its end, vulnerabilities, reports, verdict. Each kind judges its own."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from fastflow.errors import EngineError
from fastflow.model.accept import AcceptFile
from fastflow.model.node import TesterNode
from fastflow.record.result import Vulnerability
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseError, StoppedError
from fastflow.run.gate import weigh
from fastflow.run.node import RunningNode
from fastflow.run.starting import start_phase
from fastflow.run.verdict import Verdict, failing, vulnerable


@dataclass
class Tester:
    """The behaviour that differs between the kinds of testers."""

    context: PhaseContext

    def require_record(self) -> None:
        """Raise PhaseFailedError if there is no record to test."""

    def prepare(self, container_id: str) -> None:
        """Give the node's container what it needs, before it starts; raises EngineError and PhaseFailedError."""

    def judge(self, node: RunningNode) -> Verdict:
        """Follow the node, wait for its end, and judge. Raises PhaseError and EngineError."""
        raise NotImplementedError

    def find_early(self, node: RunningNode, is_stopped: bool) -> Iterable[Vulnerability]:
        """The findings of a node that was cut short; if the run `is_stopped` there is no time to ask anybody."""
        raise NotImplementedError

    def weighed(self, found: Iterable[Vulnerability]) -> tuple[Vulnerability, ...]:
        """Let the phase's gate decide for each vulnerability whether it fails the phase."""
        node = self.context.phase.node
        assert isinstance(node, TesterNode)
        known, today = self.context.run.accepted.get(self.context.phase.id, AcceptFile()), datetime.now(UTC).date()
        accepted, expired = known.for_day(today), known.expired_on(today)
        return tuple(weigh(one, node.gate, accepted, expired) for one in found)


def run_testing(kind: Callable[[PhaseContext], Tester], context: PhaseContext, attempt: int) -> Verdict:
    """Run a testing phase once. Raises PhaseError or EngineError; the node is gone then."""
    tester = kind(context)
    tester.require_record()
    node = start_phase(context, attempt, tester.prepare)
    try:
        context.report_state("running")
        return tester.judge(node)
    except (PhaseError, EngineError) as error:
        node.stop_early()
        verdict = _salvaged(tester, node, isinstance(error, StoppedError))
        if verdict is None:
            raise
        return verdict
    finally:
        _note_last_request(context, node)
        node.close()


def _salvaged(tester: Tester, node: RunningNode, is_stopped: bool) -> Verdict | None:
    """Count the findings of a tester that was cut short: a pipeline that tolerates failures must not miss them."""
    vulnerabilities = tester.weighed(tester.find_early(node, is_stopped))
    tester.context.report_state(None, vulnerabilities=vulnerabilities)
    grave = failing(vulnerabilities)
    return None if is_stopped or not grave else vulnerable(grave, "before the phase was cut short")


def _note_last_request(context: PhaseContext, node: RunningNode) -> None:
    """Read from the node's log its last request when a service failed."""
    time = context.services.first_fault_at()
    if time is not None and not context.run.cancellation.is_set:
        until_then = type(node.log)()
        with suppress(EngineError):
            context.engine.api.read_logs(node.container.id, until_then.take, time)
        context.services.sent = until_then.attack


def wait_for_end(context: PhaseContext, node: RunningNode, unless: Callable[[], bool] = lambda: False) -> bool:
    """Wait until the node ends; return whether it has. It goes on while there may be something to find.

    Once the attacked service has ended for good, there is nothing. Raises as `Observer.wait` does.
    """
    targets = context.services.targets()

    def left(found: tuple[Container, ...], ids: Collection[str]) -> bool:
        return any(one.id in ids and not one.has_ended for one in found)

    def is_over(found: tuple[Container, ...]) -> bool:
        return not left(found, [node.container.id]) or (bool(targets) and not left(found, targets))

    ids = [node.container.id, *targets]
    found = context.observer.wait_for_containers(ids, is_over, context.deadline, unless=unless)
    return not left(found, [node.container.id])
