"""What the gates of a run accept: their files, read once."""

from pathlib import Path

from fastflow.errors import UsageError, system_reason
from fastflow.model.accept import AcceptFile, read_accept_file
from fastflow.model.node import Gate, TestingNode
from fastflow.plan import PhasePlan
from fastflow.spec.reader import read_limited


def accepted_by(phase: PhasePlan, directory: Path) -> AcceptFile:
    """Read what a phase's gate accepts; a file that is not there accepts nothing. Raises UsageError where it is wrong.

    The checks have read the file before; it may have changed since.
    """
    gate = phase.node.gate if isinstance(phase.node, TestingNode) else None
    if not isinstance(gate, Gate) or gate.accept is None:
        return AcceptFile()
    path = directory / gate.accept
    try:
        read = read_accept_file(gate.accept, read_limited(path))
    except FileNotFoundError:
        return AcceptFile()
    except OSError as error:
        raise UsageError(f"{gate.accept} cannot be read: {system_reason(error)}") from None
    if read.diagnostics:
        first = read.diagnostics[0]
        raise UsageError(f"{first.mark}: {first.message}", first.hint)
    return read
