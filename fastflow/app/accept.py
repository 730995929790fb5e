"""Accepting vulnerabilities: which ones of a run are meant, and the accept files that they go into."""

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from fastflow.app.environment import new_run_id, values_for
from fastflow.app.specs import directory_of_runs, read_spec_text
from fastflow.diagnostic import did_you_mean
from fastflow.errors import UsageError, system_reason
from fastflow.files import exists, is_file, resolved
from fastflow.model.accept import Accepted, read_accept_file
from fastflow.model.accept_writing import Addition, with_additions
from fastflow.record.archive import Archive
from fastflow.report.text import pictured
from fastflow.report.vulnerabilities import Discovery, discoveries_of
from fastflow.spec.reader import read_limited


@dataclass(frozen=True, slots=True)
class Choice:
    """A vulnerability and the accept file for it."""

    found: Discovery
    path: Path

    @property
    def fingerprint(self) -> str:
        """Its identity across runs."""
        return self.found.vulnerability.fingerprint

    @property
    def about(self) -> str:
        """A description of it for people."""
        return pictured(f"{self.found.description}, found by {self.found.phase.id}")

    def accepted(self, why: str, until: date | None) -> Addition:
        """The entry that accepts it, until a last day if one is given."""
        return Addition(Accepted(self.fingerprint, why, until), self.about)


@dataclass(frozen=True, slots=True)
class Standing:
    """What accept files say of choices: nothing, that they are accepted, or that they were."""

    left: Sequence[Choice]
    held: Sequence[tuple[Choice, Accepted]]
    expired: Sequence[Choice]


def failing_of(archive: Archive, takes_all: bool, fingerprints: Sequence[str]) -> list[Discovery]:
    """The vulnerabilities to accept, or to ask about; raises UsageError."""
    found = discoveries_of(archive.phases)
    known = [one.vulnerability.fingerprint for one in found]
    for name in fingerprints:
        if name not in known:
            hint = did_you_mean(name, known) or "see the run's reports: fastflow report --report markdown=PATH"
            raise UsageError(f"run {archive.run} found nothing with the fingerprint {name}", hint)
    if takes_all or not fingerprints:
        return [one for one in found if one.vulnerability.gate == "fails"]
    return [one for one in found if one.vulnerability.fingerprint in fingerprints]


def nothing_found(archive: Archive) -> str:
    """Say that there is nothing to accept, and whether the run had looked at everything."""
    cut = "" if archive.ran_to_end else ", but it did not run to its end"
    return f"run {archive.run} found nothing that failed a gate{cut}"


def choices_of(archive: Archive, found: Iterable[Discovery], file: str | None) -> list[Choice]:
    """Each fingerprint once for each file, however many phases found it. Raises UsageError if there is no file."""
    choices: dict[tuple[Path, str], Choice] = {}
    for one in found:
        path = Path(file) if file is not None else _file_of(archive, one.phase.id)
        choices.setdefault((path, one.vulnerability.fingerprint), Choice(one, path))
    return list(choices.values())


def _file_of(archive: Archive, phase: str) -> Path:
    spec = Path(archive.spec)
    is_here = is_file(spec)
    named = archive.gate_of(phase).accept or _named_now(archive.spec if is_here else None, phase)
    if named is None:
        where = f"the gate of {phase} names no accept file"
        raise UsageError(where, "add one with `gate: { accept: accepted.yml }`, or name one: --file F")
    path = (spec.parent if is_here else directory_of_runs()) / named
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _named_now(spec: str | None, phase: str) -> str | None:
    """The file that the gate names now: users add one once a run has found something to accept."""
    from fastflow.check.loading import load  # noqa: PLC0415  # the plan of most runs names the file
    from fastflow.model.node_parts import Gate  # noqa: PLC0415

    try:
        text = read_spec_text(spec)
    except UsageError:
        return None
    facts, _ = load(text, values_for(text.directory, (), new_run_id()))
    gates = (node.gate for tester, node in facts.testers if tester.id == phase) if facts else ()
    return next((gate.accept for gate in gates if isinstance(gate, Gate)), None)


def standing_of(choices: Iterable[Choice]) -> Standing:
    """Read what the files of choices say of them today. Raises UsageError if one cannot be read."""
    today = datetime.now(UTC).date()
    left, held, expired = [], [], []
    for choice in choices:
        entries = read_accept_file(str(choice.path), _content(choice.path)).entries
        entry = next((one for one in entries if one.fingerprint == choice.fingerprint), None)
        if entry is None:
            left.append(choice)
        elif entry.is_in_force(today):
            held.append((choice, entry))
        else:
            expired.append(choice)
    return Standing(left, held, expired)


def _content(path: Path) -> bytes:
    try:
        return read_limited(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {system_reason(error)}") from None


def add_to(path: Path, additions: Sequence[Addition]) -> None:
    """Add to a file through a temporary one: it has the old content or the new one, never half of it."""
    content = with_additions(str(path), _content(path), additions)
    target = resolved(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(content)
        if exists(target):
            shutil.copymode(target, scratch)
        scratch.replace(target)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {system_reason(error)}") from None
    finally:
        scratch.unlink(missing_ok=True)
