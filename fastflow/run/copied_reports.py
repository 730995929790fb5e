"""Copies the reports in a node's /opt/reports to the phase's own directory: only those that this container wrote."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from fastflow.errors import EngineError
from fastflow.files import is_file
from fastflow.run.container import Container, moment
from fastflow.run.context import PhaseContext

REPORTS = "/opt/reports"
_ANSWER = "answer-of-the-api.txt"


def fetch_reports(context: PhaseContext, container: Container) -> tuple[Path, ...]:
    """Copy the files that a node wrote to its reports directory; a failed copy is reported, and fails nothing.

    The directory may be mounted from the host and contain files of earlier containers; those are left there. Copied
    via a scratch directory, because the phase's own may contain older reports.
    """
    directory = getattr(context.phase.node, "reports", None)
    target = context.run.folder.reports_of(context.phase.id, directory, context.base)
    # Copied file times have a precision of one second.
    began = int(moment(container.started_at).timestamp()) if container.started_at else 0
    found: list[Path] = []
    older = 0
    try:
        with TemporaryDirectory(dir=context.run.folder.path, prefix=".reports-") as scratch:
            context.engine.api.copy_from(container.id, REPORTS, Path(scratch))
            for path in sorted(path for path in Path(scratch).rglob("*") if is_file(path)):
                if path.stat().st_mtime < began:
                    older += 1
                    continue
                place = target / path.relative_to(scratch)
                _write(context, place, path.read_bytes())
                found.append(place)
    except (EngineError, OSError) as error:
        context.run.note(f"the reports could not be copied: {error}", context.phase.id)
    if older:
        left, them = ("1 older file is", "it") if older == 1 else (f"{older} older files are", "them")
        context.run.note(f"{left} left in {REPORTS}, because this node did not write {them}", context.phase.id)
    context.add_reports(str(path) for path in found)
    return tuple(found)


def keep_answer(context: PhaseContext, answer: bytes) -> None:
    """Keep the API's answer in the run's own folder; a full disk fails nothing."""
    path = context.run.folder.reports_of(context.phase.id, None, context.base) / _ANSWER
    with suppress(OSError):
        _write(context, path, answer)
        context.add_reports([str(path)])


def _write(context: PhaseContext, path: Path, content: bytes) -> None:
    """Write a file with the token masked; what is not UTF-8 in it stays as it is."""
    text = content.decode("utf-8", "surrogateescape")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(context.run.folder.mask(text).encode("utf-8", "surrogateescape"))
