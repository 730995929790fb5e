"""`--report KIND=PATH`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastflow.app.environment import variable
from fastflow.diagnostic import did_you_mean
from fastflow.errors import FastflowError, UsageError, system_reason
from fastflow.files import exists, is_directory, resolved
from fastflow.record.archive import Archive
from fastflow.report.kinds import KINDS

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_LONGEST_SUMMARY = 900_000
"""Maximum size of a step's summary, in bytes; GitHub shows nothing of one larger than 1 MiB."""


@dataclass(frozen=True, slots=True)
class Report:
    """A requested report."""

    kind: str
    path: Path


def parse_reports(texts: Iterable[str]) -> tuple[Report, ...]:
    """Read `KIND=PATH`s, each once; raises UsageError."""
    return tuple(dict.fromkeys(_parse(text) for text in texts))


def _parse(text: str) -> Report:
    kind, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(f"--report {text}: expected KIND=PATH", "for instance --report json=result.json")
    if kind not in KINDS:
        hint = did_you_mean(kind, list(KINDS)) or f"the kinds are {', '.join(KINDS)}"
        raise UsageError(f"--report {text}: there is no report `{kind}`", hint)
    if is_directory(Path(path)):
        raise UsageError(f"--report {text}: {path} is a directory", "name a file in it")
    return Report(kind, Path(path))


def write_reports(reports: Iterable[Report], archive: Archive) -> dict[Report, FastflowError | None]:
    """Write every report of a run that can be written, and report why any other could not."""
    return {report: _attempt(report, archive) for report in reports}


def _attempt(report: Report, archive: Archive) -> FastflowError | None:
    from fastflow import pipeline  # noqa: PLC0415  # reports are read from the command line before anything is loaded

    what = f"the {report.kind} report {report.path} cannot be written"
    try:
        _write(report, pipeline.report(report.kind, archive).encode("utf-8", "replace"))
    except OSError as error:
        again = f"write it later: fastflow report {archive.run} --report {report.kind}=PATH"
        return FastflowError(f"{what}: {system_reason(error)}", again)
    except Exception as error:  # a failing report hides neither the others nor the run's exit code
        return FastflowError(f"{what}, a bug of fastflow: {error!r}"[:1000])
    return None


def _write(report: Report, content: bytes) -> None:
    summary = variable(_STEP_SUMMARY) if report.kind == "markdown" else ""
    if not summary or resolved(Path(summary)) != resolved(report.path):
        report.path.parent.mkdir(parents=True, exist_ok=True)
        report.path.write_bytes(content)
    if summary:
        _append(Path(summary), content)


def _append(path: Path, content: bytes) -> None:
    """Append to the summary that other commands of the step have written for GitHub."""
    if (path.stat().st_size if exists(path) else 0) + len(content) > _LONGEST_SUMMARY:
        content = b"The summary of this run is too large to be shown here.\n"
    with path.open("ab") as file:
        file.write(b"\n" + content)
