"""`--report KIND=PATH`."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastflow.errors import FastflowError, UsageError
from fastflow.run.folder import RunFolder

KINDS = ("json",)
REPORT_HELP = f"Write a report ({', '.join(KINDS)}) to PATH, also when the run was cut short; may be repeated."


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was asked for."""

    kind: str
    path: Path


def parse_reports(texts: Iterable[str]) -> tuple[Report, ...]:
    """Read `KIND=PATH`s; raises UsageError."""
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> Report:
    kind, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(f"--report {text}: expected KIND=PATH", "for instance --report json=result.json")
    if kind not in KINDS:
        raise UsageError(f"--report {text}: there is no report `{kind}`", f"the kinds are {', '.join(KINDS)}")
    if Path(path).is_dir():
        raise UsageError(f"--report {text}: {path} is a directory", "name a file in it")
    return Report(kind, Path(path))


def write_reports(reports: Iterable[Report], folder: RunFolder) -> None:
    """Write every report of the run that a folder holds; raises FastflowError."""
    for report in reports:
        try:
            report.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder.result_path, report.path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise FastflowError(f"the report {report.path} cannot be written: {reason}") from None
