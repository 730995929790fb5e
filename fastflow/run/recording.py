"""A recording phase: services up, node up and ready, sources to their end, node stopped, verdict."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from fastflow.errors import EngineError
from fastflow.plan import READY_TIMEOUT
from fastflow.run.advice import with_bypass
from fastflow.run.context import PhaseContext
from fastflow.run.failure import OverdueError, PhaseError, PhaseFailedError
from fastflow.run.node import RunningNode
from fastflow.run.node_log import advice_on
from fastflow.run.observer import has_ended
from fastflow.run.services import settle_services
from fastflow.run.sources import Failure, run_sources
from fastflow.run.starting import start_phase
from fastflow.run.verdict import Verdict, failed, judge_recording

Keep: TypeAlias = Callable[[PhaseContext, RunningNode], Verdict]
_OWN_END = 1.0
"""Seconds that a node gets to end by itself after an error, so that its exit code is known."""


def run_recording(context: PhaseContext, attempt: int, keep: Keep | None = None) -> Verdict:
    """Run a recording phase once. Raises PhaseError or EngineError; the node is gone then.

    `keep` fetches the record of a recorder that has ended, unless it is in the cloud, and judges it.
    """
    node = start_phase(context, attempt)
    try:
        _wait_until_ready(context, node)
        context.has_recorded = True
        context.report_state("ready", test_record=node.log.record)
        settle_services(context)
        failure = run_sources(context, node)
        verdict = _finish(context, node, failure, keep)
        context.report_state(None, exit_code=node.container.exit_code)
        return verdict
    except (PhaseError, EngineError):
        if context.has_recorded:  # the record is finished all the same, so that it is complete for later use
            node.stop_early()
            if keep is not None:
                with suppress(EngineError):
                    keep(context, node)
            else:
                context.report_state(None, test_record=node.log.record)
        raise
    finally:
        node.close()


def _wait_until_ready(context: PhaseContext, node: RunningNode) -> None:
    ready = context.phase.ready
    pattern = re.compile(ready.log) if ready.log else None
    seen: list[bool] = []
    timeout = ready.timeout or READY_TIMEOUT
    deadline = context.within(timeout)

    def watch(line: str) -> None:
        if pattern and pattern.search(line):
            seen.append(True)

    def is_ready() -> bool:
        return bool(seen) if pattern else node.log.is_recording

    node.follow(watch)
    try:
        context.observer.wait_for_containers(
            [node.container.id],
            has_ended,
            deadline,
            unless=lambda: is_ready() or bool(node.log.errors),
        )
    except OverdueError:
        if time.monotonic() >= context.deadline:
            raise
        last = f"; its last line: {node.log.last}" if node.log.last else "; it printed nothing"
        hint = "give it more time: ready: { timeout: 2m }"
        raise PhaseFailedError(f"the node was not ready within {timeout} s{last}", hint) from None
    if node.log.errors or not is_ready():
        _raise_not_ready(context, node)


def _raise_not_ready(context: PhaseContext, node: RunningNode) -> None:
    code: int | None = None
    with suppress(EngineError, PhaseFailedError):
        code = node.end(within=_OWN_END).exit_code
    context.report_state(None, exit_code=code)
    error = node.log.error
    if error is None:
        last = f": {node.log.last}" if node.log.last else ""
        error = f"the node ended before it was ready, with exit code {code}{last}"
    raise PhaseFailedError(error, advice_on(error), is_infrastructure=node.log.is_infrastructure)


def _finish(context: PhaseContext, node: RunningNode, failure: Failure | None, keep: Keep | None) -> Verdict:
    context.report_state("stopping", test_record=node.log.record)
    has_source = bool(context.phase.sources)
    is_running = node.is_running()
    if is_running:
        node.stop(context.run.grace)
    end = node.end()
    verdict = judge_recording(node.log, end, was_stopped=is_running, has_source=has_source)
    if keep is not None:
        record = keep(context, node)
        verdict = record if verdict.state == "passed" else verdict
    if failure is not None and (verdict.state == "passed" or is_running):
        return failed(failure.reason, failure.hint or f"its output is in {failure.log}", evidence=failure.evidence)
    return with_bypass(context, verdict)
