"""The one place that knows kinds of engines, and makes them."""

from collections.abc import Mapping

from fastflow.engines.client_config import registry_login
from fastflow.engines.docker import CALL_TIMEOUT, DockerEngine
from fastflow.engines.swarm import Swarm
from fastflow.model.host import Host


def open_engine(
    environment: Mapping[str, str], host: Host | None = None, *, call_timeout: float = CALL_TIMEOUT
) -> DockerEngine:
    """Return the engine of a host of the spec, or the one that the environment points to. Makes no call yet.

    `environment` is exactly what every call gets; `call_timeout` is in seconds.
    """
    context, address = (host.context, host.docker_host) if host else (None, None)
    return DockerEngine(environment, context=context, docker_host=address, call_timeout=call_timeout)


def open_cluster(engine: DockerEngine) -> Swarm:
    """Return the cluster that an engine manages. Makes no call yet."""
    return Swarm(engine.api.http, lambda image: registry_login(engine.environment, image))
