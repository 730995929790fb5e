"""Removes from a node what units of dead agents left: containers, networks, volumes, images, directories."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from fastflow.app.bundle_image import remove_bundles
from fastflow.app.environment import engine_environment
from fastflow.cluster.cluster import UNITS_DIRECTORY, run_of_unit
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.run.survey import look, remove_live

_UNIT = re.compile(r"[0-9]{12}[0-9a-z]{5}u[0-9]+")
"""The pattern of a unit's id, which no run on a single engine has."""
_SERVICE = "com.docker.swarm.service.name"


def sweep_node(engine: DockerEngine) -> tuple[str, ...]:
    """Remove what is left of units on the node's engine; return their ids. A unit whose agent runs is left alone."""
    agents = engine.api.containers({_SERVICE: None})
    live = {run_of_unit(agent.labels[_SERVICE]) for agent in agents if not agent.has_ended}
    removed = []
    for run in look({"": engine}).all():
        if _UNIT.fullmatch(run.id) and run.id not in live and not run.is_alive and not run.is_starting:
            remove_live(run)
            removed.append(run.id)
    remove_bundles(engine)
    for old in Path(UNITS_DIRECTORY).iterdir():
        if old.name not in live:
            shutil.rmtree(old, ignore_errors=True)
    return tuple(removed)


def sweep_here(write: Callable[[str], None]) -> None:
    """`fastflow agent sweep`: print what was removed."""
    for unit in sweep_node(open_engine(engine_environment())):
        write(f"removed {unit}")
