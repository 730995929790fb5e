"""The gates: what they accept, read from their files when a run begins, and how they judge a vulnerability."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from fastflow.errors import UsageError, system_reason
from fastflow.model.accept import Accepted, AcceptFile, read_accept_file
from fastflow.model.node import TesterNode
from fastflow.model.node_parts import Gate
from fastflow.plan import PhasePlan
from fastflow.record.result import Suppression, Vulnerability
from fastflow.spec.reader import read_limited

UNKNOWN_THREAT = 100


def accepted_by(phase: PhasePlan, directory: Path) -> AcceptFile:
    """Read what a phase's gate accepts; a missing file accepts nothing. Raises UsageError if the file is invalid.

    The checks have read the file before; it may have changed since.
    """
    gate = phase.node.gate if isinstance(phase.node, TesterNode) else None
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


def weigh(
    found: Vulnerability,
    gate: Gate | str | None,
    accepted: Mapping[str, Accepted],
    expired: Mapping[str, Accepted] = MappingProxyType({}),
) -> Vulnerability:
    """Judge a vulnerability by a gate; an unknown threat counts as 100.

    `accepted` are those that are accepted today, `expired` those that were until a past day, by fingerprint.
    """
    if gate == "off":
        return replace(found, gate="off")
    if (known := accepted.get(found.fingerprint)) is not None:
        return replace(found, gate="accepted", suppressed=_suppression(known))
    threshold = gate.threat if isinstance(gate, Gate) else None
    if threshold is not None and found.counted_threat < threshold:
        return replace(found, gate="below")
    former = expired.get(found.fingerprint)
    return replace(found, gate="fails", expired=_suppression(former) if former is not None else None)


def _suppression(entry: Accepted) -> Suppression:
    return Suppression(entry.reason, entry.expires.isoformat() if entry.expires else None, entry.comment)
