"""The file of a gate's `accept`: vulnerabilities that are known, why they are, and until when.

```yaml
accepted:
  - fingerprint: 0f3a9c7b2d18e645
    reason: the admin's page, behind the VPN
    expires: 2030-06-30 # the last day; optional
```
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from fastflow.diagnostic import Mark
from fastflow.errors import UsageError
from fastflow.model.node import Gate, TestingNode
from fastflow.plan import PhasePlan
from fastflow.spec.document import Mapping as Tree
from fastflow.spec.document import Node, Scalar, Sequence
from fastflow.spec.reader import read_spec

_FIELDS = ("fingerprint", "reason", "expires")
_SHAPE = "write accepted: [{ fingerprint: ..., reason: ..., expires: 2030-12-31 }]"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A vulnerability that is known. It is excused up to and including the day `expires`, in UTC."""

    fingerprint: str
    reason: str
    expires: date | None = None


def accepted_by(phase: PhasePlan, directory: Path) -> frozenset[str]:
    """The fingerprints that a phase's gate excuses today; raises UsageError where its file cannot be understood."""
    gate = phase.node.gate if isinstance(phase.node, TestingNode) else None
    if not isinstance(gate, Gate) or gate.accept is None:
        return frozenset()
    today = datetime.now(timezone.utc).date()
    entries = read_accepted(directory / gate.accept, gate.accept)
    return frozenset(entry.fingerprint for entry in entries if entry.expires is None or entry.expires >= today)


def read_accepted(path: Path, name: str) -> tuple[Accepted, ...]:
    """Read a file of known vulnerabilities; raises UsageError with the line at fault."""
    try:
        reading = read_spec(name, path.read_bytes())
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}", "`fastflow accept` writes it") from None
    if reading.diagnostics:
        raise _wrong(reading.diagnostics[0].mark, reading.diagnostics[0].message)
    assert reading.document is not None
    root = reading.document.root
    for key, _ in root:
        if key.text != "accepted":
            raise _wrong(key.mark, f"unknown field `{key.text}`")
    entries = root.get("accepted")
    if entries is None or (isinstance(entries, Scalar) and entries.is_null):
        return ()
    if not isinstance(entries, Sequence):
        raise _wrong(entries.mark, "`accepted` is no list")
    return tuple(_entry(item) for item in entries.items)


def _entry(item: Node) -> Accepted:
    if not isinstance(item, Tree):
        raise _wrong(item.mark, "this is no mapping")
    texts: dict[str, str] = {}
    for key, value in item:
        if key.text not in _FIELDS or not isinstance(value, Scalar):
            raise _wrong(key.mark, f"unknown field `{key.text}`" if key.text not in _FIELDS else "this is no text")
        if not value.is_null:
            texts[key.text] = value.text.strip()
    for field in ("fingerprint", "reason"):
        if not texts.get(field):
            raise _wrong(item.mark, f"it has no `{field}`")
    return Accepted(texts["fingerprint"], texts["reason"], _day(item, texts))


def _day(item: Tree, texts: Mapping[str, str]) -> date | None:
    text = texts.get("expires")
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(item.mark, f"`{text}` is no day such as 2030-12-31") from None


def _wrong(mark: Mark, message: str) -> UsageError:
    return UsageError(f"{mark.file}:{mark.line}:{mark.column}: {message}", _SHAPE)
