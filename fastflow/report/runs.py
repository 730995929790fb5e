"""The runs that are kept next to a spec, for people and programs."""

import json
from collections.abc import Sequence

from fastflow.record.kept import KeptRun
from fastflow.report.text import clean, count, moment

FORMAT_VERSION = "1.0"
_HEADER = ("RUN", "BEGAN", "EXIT", "SIZE", "PHASES")
_UNITS = ("B", "kB", "MB", "GB", "TB")


def kept_as_text(runs: Sequence[KeptRun], *, with_specs: bool = False) -> str:
    """A table, the latest run first, and the total size; with the spec of each, if requested."""
    rows = [_HEADER, *map(_row, runs)]
    if with_specs:
        rows = [(*row, spec) for row, spec in zip(rows, ("SPEC", *(run.spec for run in runs)), strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    total = f"{count(len(runs), 'run')}, {size_of(sum(run.size for run in runs))}"
    return clean("\n".join([*lines, "", total]))


def _row(run: KeptRun) -> tuple[str, ...]:
    code = "live" if run.is_live else "cut short" if run.exit_code is None else str(run.exit_code)
    phases = ", ".join(f"{number} {state}" for state, number in run.states.items()) or "not known"
    began = moment(run.started).removesuffix(" UTC") if run.started else "not known"
    return run.run, began, code, size_of(run.size), phases


def size_of(size: int) -> str:
    """Write a number of bytes: `412 B`, `8.1 kB`, `1.4 GB`."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 99.95 else f"{value:.1f} {_UNITS[unit]}"


def kept_as_json(runs: Sequence[KeptRun]) -> str:
    """Return the output of `runs --format json` (docs: machine formats)."""
    entries = [
        {
            "run": run.run,
            "spec": run.spec or None,
            "started": run.started,
            "exit_code": run.exit_code,
            "live": run.is_live,
            "phases": dict(run.states),
            "size": run.size,
            "folder": str(run.folder),
        }
        for run in runs
    ]
    return json.dumps({"format_version": FORMAT_VERSION, "runs": entries}, indent=2)
