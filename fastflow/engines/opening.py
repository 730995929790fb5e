"""The one place that knows kinds of engines, and makes them."""

from collections.abc import Mapping

from fastflow.engines.docker import CALL_TIMEOUT, DockerEngine
from fastflow.model.spec import Host


def open_engine(
    environment: Mapping[str, str], host: Host | None = None, *, call_timeout: float = CALL_TIMEOUT
) -> DockerEngine:
    """Return the engine of a host of the spec, or the one that the environment leads to. Nothing is asked of it yet.

    `environment` is exactly what every call gets; `call_timeout` is in seconds.
    """
    context, address = (host.context, host.docker_host) if host else (None, None)
    return DockerEngine(environment, context=context, docker_host=address, call_timeout=call_timeout)
