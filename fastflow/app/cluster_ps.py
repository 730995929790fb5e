"""Runs on clusters, for `fastflow ps`."""

from collections.abc import Iterable, Iterator, Mapping

from fastflow.app.clusters import ClusterRun
from fastflow.cluster.cluster import Unit
from fastflow.model.compose_keys import LABEL
from fastflow.report.text import clean

_HEADER = ("UNIT", "WORKFLOWS", "NODE", "STATUS")


def cluster_runs_as_text(runs: Iterable[ClusterRun]) -> str:
    """List each run with its units."""
    return "\n\n".join("\n".join(map(clean, _lines(run))) for run in runs)


def _lines(run: ClusterRun) -> Iterator[str]:
    alive = f"live on cluster {run.host.name}" if run.goes_on else f"on cluster {run.host.name}, not running"
    yield f"run {run.id}  {alive}, started on {run.started_on}, since {run.since.split('.')[0]}Z"
    yield f"  of {run.spec}"
    rows = [_HEADER, *map(_row, _in_order(run))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows if run.units else ():
        yield f"  {'  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))}".rstrip()
    if not run.goes_on:
        yield f"  see its result: fastflow attach {run.id}; remove it: fastflow down"


def _in_order(run: ClusterRun) -> list[Unit]:
    return sorted(run.units, key=_number)


def _number(unit: Unit) -> int:
    text = unit.labels.get(f"{LABEL}.unit", "")
    return int(text) if text.isdecimal() else 0


def _row(unit: Unit) -> tuple[str, ...]:
    state: str = "its node does not answer" if unit.is_lost else unit.state
    state += f" ({unit.exit_code})" if unit.exit_code is not None else ""
    return (str(_number(unit)), unit.labels.get(f"{LABEL}.workflows", "?"), unit.node or "", state)


def cluster_runs_as_json(runs: Iterable[ClusterRun]) -> Iterator[Mapping[str, object]]:
    """Return the runs for `ps --format json`, with their units."""
    for run in runs:
        units = [
            {
                "number": _number(unit),
                "workflows": unit.labels.get(f"{LABEL}.workflows", "").split(","),
                "node": unit.node,
                "status": unit.state,
                "exit_code": unit.exit_code,
            }
            for unit in _in_order(run)
        ]
        fixed = {"run": run.id, "spec": run.spec, "alive": run.goes_on, "host": run.started_on, "since": run.since}
        yield {**fixed, "containers": 0, "phases": [], "cluster": run.host.name, "units": units}
