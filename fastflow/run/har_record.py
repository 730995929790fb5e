"""The record of a non-FAST recorder: a private HAR file in the run's folder; its secrets are masked everywhere else."""

from pathlib import Path
from tempfile import TemporaryDirectory

from fastflow.compose.program import HAR_DIRECTORY, HAR_FILE
from fastflow.emulator.node.hosts import host_matcher
from fastflow.files import is_file
from fastflow.model.node import HarRecordingNode
from fastflow.record.har import SHORTEST_SECRET, Har, read_har, record_name
from fastflow.run.context import PhaseContext, RunContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.node import RunningNode
from fastflow.run.node_log import EMPTY_HINT
from fastflow.run.verdict import Verdict, failed, too_few_baselines


def keep_record(context: PhaseContext, node: RunningNode) -> Verdict:
    """Copy the record of a recorder that has ended into the run's folder; judge whether it holds enough requests.

    Requests to other hosts than the allowed ones are not recorded. Raises EngineError.
    """
    wanted = context.phase.node
    assert isinstance(wanted, HarRecordingNode)
    try:
        har = _copied(context, node).only(host_matcher(wanted.allowed_hosts or ""))
        context.run.folder.keep_private(record_name(context.phase.id), har.text().encode())
    except ValueError as error:
        return failed(f"the recorder left no record: {error}", "see its log")
    except OSError as error:
        return failed(f"the record cannot be kept: {error.strerror or error}", "check that the disk is not full")
    _conceal(context.run, har, wanted)
    baselines, least = len(har.entries), wanted.min_baselines or 1
    context.report_state(None, test_record=record_name(context.phase.id), baselines=baselines)
    if not baselines:
        return failed("empty record: no request was recorded", EMPTY_HINT)
    return Verdict("passed") if baselines >= least else too_few_baselines(baselines, least)


def _copied(context: PhaseContext, node: RunningNode) -> Har:
    """Read the file in the container; raises ValueError if there is none that can be read."""
    with TemporaryDirectory(dir=context.run.folder.path, prefix=".record-") as scratch:
        path = Path(scratch) / HAR_FILE
        if not context.engine.api.copy_from(node.container.id, HAR_DIRECTORY, Path(scratch)) or not is_file(path):
            raise ValueError(f"there is no {HAR_DIRECTORY}/{HAR_FILE} in its container")
        return read_har(path.read_bytes())


def open_record(run: RunContext, recorder: str) -> tuple[Path, int]:
    """Find the record of a recording phase and count its baselines. Raises PhaseFailedError."""
    name = run.records.get(recorder)
    if name is None:
        raise PhaseFailedError(f"{recorder} has left no record", "see in its log how it ended")
    path = run.folder.path / name
    try:
        har = read_har(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PhaseFailedError(
            f"the record of {recorder} cannot be read: {error}", f"record again: {recorder}"
        ) from None
    node = run.plan.phases[recorder].node
    if isinstance(node, HarRecordingNode):  # a run that resumes another has not seen it yet
        _conceal(run, har, node)
    return path, len(har.entries)


def _conceal(run: RunContext, har: Har, node: HarRecordingNode) -> None:
    run.folder.mask.add(har.secrets(node.mask or ()), SHORTEST_SECRET)
