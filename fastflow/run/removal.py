"""Removes what a run created: exactly what carries its label, containers by id, then the rest.

Never by `docker compose down -v`, which deletes volumes of others. Volumes that are external or have a name of
their own are the user's and carry no label of a run.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from fastflow.compose import LABEL, project_name
from fastflow.errors import EngineError, EngineTimeoutError
from fastflow.run.container import PROJECT
from fastflow.run.engine import Engine
from fastflow.run.lease import ROLE
from fastflow.run.networks import ROLE as SHARED
from fastflow.run.networks import remove_unused
from fastflow.run.observer import try_again


def remove_project(engine: Engine, run: str, project: str, patience: float = 0.0) -> tuple[str, ...]:
    """Remove what is left of one workflow; return what could not be removed, as commands that do it.

    Not its images: another workflow of the run may use them.
    An engine that cannot be reached has `patience` seconds to come back.
    """
    return _remove(engine, {PROJECT: project}, {PROJECT: project, f"{LABEL}.run": run}, patience)


def remove_run(engine: Engine, run: str, projects: Iterable[str], patience: float = 0.0) -> tuple[str, ...]:
    """Remove everything that carries a run's label, but for its leases; return what could not be removed."""
    left: list[str] = []
    for project in dict.fromkeys(projects):
        left.extend(remove_project(engine, run, project, patience))
    left.extend(_remove(engine, {f"{LABEL}.run": run}, {f"{LABEL}.run": run}, patience))
    if try_again(lambda: _remove_images(engine, run), patience=patience) is not None:
        with suppress(EngineError):
            left += [f"docker image rm {name}" for name in _own_images(engine, run)]
    return tuple(dict.fromkeys(left))


def _remove(engine: Engine, labels: Mapping[str, str], own: Mapping[str, str], patience: float) -> tuple[str, ...]:
    error = try_again(lambda: _remove_once(engine, labels, own), patience=patience)
    if error is None:
        return ()
    left: list[str] = []
    with suppress(EngineError):
        left += [
            f"docker rm -f -v {found.id[:12]}" for found in engine.api.containers(labels) if not _is_lease(found.labels)
        ]
        left += [f"docker network rm {found[:12]}" for found in engine.api.networks(labels)]
        left += [f"docker volume rm {found}" for found in engine.api.volumes(own)]
        return tuple(left)
    filters = " ".join(f"--filter label={key}={value}" for key, value in labels.items())
    return (f"docker rm -f -v $(docker ps -aq {filters})", f"docker network rm $(docker network ls -q {filters})")


def _remove_once(engine: Engine, labels: Mapping[str, str], own: Mapping[str, str]) -> None:
    """Remove all kinds, though one of them fails; raise the first error."""

    def remove_containers() -> None:
        engine.api.remove_containers(
            [found.id for found in engine.api.containers(labels) if not _is_lease(found.labels)]
        )

    steps = (
        remove_containers,
        lambda: _remove_networks(engine, labels),
        lambda: engine.api.remove_volumes(engine.api.volumes(own)),
    )
    errors: list[EngineError] = []
    for step in steps:
        error = try_again(step, times=1)
        if isinstance(error, EngineTimeoutError):
            raise error  # an engine that hangs would let each of the others wait as long
        errors += [error] if error is not None else []
    if errors:
        raise errors[0]


def _remove_images(engine: Engine, run: str) -> None:
    """Remove the images, then what Podman lists after that: the layers of an image that is gone."""
    before: tuple[str, ...] = ()
    while (found := _own_images(engine, run)) and found != before:
        engine.api.remove_images(found)
        before = found


def _remove_networks(engine: Engine, labels: Mapping[str, str]) -> None:
    shared = engine.api.networks({**labels, f"{LABEL}.role": SHARED})
    engine.api.remove_networks(found for found in engine.api.networks(labels) if found not in shared)
    remove_unused(engine, shared)


def _own_images(engine: Engine, run: str) -> tuple[str, ...]:
    """The images that were built under the run's name; another name that somebody gave to one is theirs."""
    lead = project_name(run, "")
    found = engine.api.images({f"{LABEL}.run": run})
    return tuple(name for name in found if name.startswith("sha256:") or name.rpartition("/")[2].startswith(lead))


def _is_lease(labels: Mapping[str, str]) -> bool:
    return labels.get(f"{LABEL}.role") == ROLE
