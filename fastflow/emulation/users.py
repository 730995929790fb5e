"""The users of an engine's emulated cloud: live runs, and nodes that are still on its network."""

from collections.abc import Iterable

from fastflow.emulation import LABEL
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EmulatorError
from fastflow.model.compose_keys import LABEL as RUN_LABEL
from fastflow.run.container import Container
from fastflow.run.lease import EMULATED


def require_unused(engine: DockerEngine) -> None:
    """Raise EmulatorError while a run uses the cloud, naming it."""
    marks = [found for found in engine.api.containers({EMULATED: None}) if not found.has_ended]
    using = (*nodes_on_network(engine), *marks)
    users = {found.labels.get(f"{RUN_LABEL}.run", found.name): found for found in using}
    if not users:
        return
    named = ", ".join(_described(run, found) for run, found in sorted(users.items()))
    hint = f"end it first: fastflow down --run {min(users)}; or proceed anyway: --force"
    raise EmulatorError(f"the emulated cloud is in use by {named}", hint)


def nodes_on_network(engine: DockerEngine) -> tuple[Container, ...]:
    """The containers on the cloud's network, except the cloud."""
    ids = [found for network in engine.api.networks({LABEL: "network"}) for found in engine.api.attached(network)]
    return tuple(found for found in engine.api.inspect(ids) if LABEL not in found.labels)


def disconnect(engine: DockerEngine, containers: Iterable[Container]) -> None:
    """Take containers off the cloud's network, so that it can be removed."""
    ids = [found.id for found in containers]
    for network in engine.api.networks({LABEL: "network"}):
        for container in ids:
            engine.api.disconnect(network, container)


def _described(run: str, container: Container) -> str:
    spec, host = (container.labels.get(f"{RUN_LABEL}.{key}") for key in ("spec", "host"))
    return f"run {run}" + (f" of {spec}" if spec else "") + (f" (started on {host})" if host else "")
