"""Live runs, for people and programs."""

import json
from collections.abc import Container, Iterable, Mapping
from typing import Any

from fastflow.report.text import clean, count
from fastflow.run.command import proxy_of
from fastflow.run.live import LivePhase, LiveRun

FORMAT_VERSION = "1.0"
_HEADER = ("PHASE", "MODE", "BUILD_ID", "HOST", "STATUS", "PROXY", "CONTAINER")
_HOST = _HEADER.index("HOST")


def runs_as_text(runs: Iterable[LiveRun], own: Container[str] = ()) -> str:
    """List each run with its existing nodes; those in `own` are of the spec here.

    Others may have written labels, so no text can control the terminal.
    """
    return "\n\n".join("\n".join(map(clean, _run(run, is_own=run.id in own))) for run in runs)


def _run(run: LiveRun, *, is_own: bool) -> list[str]:
    since = f", since {run.since.split('.')[0]}Z" if run.since else ""
    alive = f"live on {run.host}{since}" if run.is_alive else "not live: `fastflow down` removes what is left of it"
    lines = [f"run {run.id}  {alive}", f"  of {run.spec}" + (" (the spec here)" if is_own else "")]
    rows = [_HEADER, *map(_row, run.phases)]
    if not any(phase.host for phase in run.phases):
        rows = [row[:_HOST] + row[_HOST + 1 :] for row in rows]
    if run.phases:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        cells = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
        lines += [f"  {'  '.join(row)}".rstrip() for row in cells]
    if run.helpers:
        lines.append(f"  and {count(len(run.helpers), 'container')} of services and sources")
    return lines


def _row(phase: LivePhase) -> tuple[str, ...]:
    container = phase.container
    status = container.status + (f" ({container.exit_code})" if container.status == "exited" else "")
    proxy = proxy_url(phase) or ""
    return (phase.id, phase.mode, phase.build_id, phase.host, status, proxy, container.name)


def proxy_url(phase: LivePhase) -> str | None:
    """The URL at which this machine reaches a node's proxy; None if it is not published."""
    found = proxy_of(phase.container, phase.engine.info().host)
    if found is None:
        return None
    host, port = found
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def runs_as_json(runs: Iterable[LiveRun], on_clusters: Iterable[Mapping[str, object]] = ()) -> str:
    """Return the output of `ps --format json`; runs on clusters are given in their final form."""
    entries = [*(_run_json(run) for run in runs), *on_clusters]
    return json.dumps({"format_version": FORMAT_VERSION, "runs": entries}, indent=2)


def _run_json(run: LiveRun) -> dict[str, Any]:
    return {
        "run": run.id,
        "spec": run.spec,
        "alive": run.is_alive,
        "host": run.host or None,
        "since": run.since,
        "containers": len(run.others),
        "phases": [
            {
                "id": phase.id,
                "mode": phase.mode,
                "host": phase.host or None,
                "build_id": phase.build_id or None,
                "status": phase.container.status,
                "exit_code": phase.container.exit_code if phase.container.status == "exited" else None,
                "proxy": proxy_url(phase),
                "container": phase.container.id,
                "name": phase.container.name,
            }
            for phase in run.phases
        ],
    }
