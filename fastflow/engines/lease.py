"""A lease: a running container that ends when the process that holds it does."""

import subprocess
from contextlib import suppress
from typing import Protocol

from fastflow.errors import EngineError

_RELEASE_TIMEOUT = 5.0


class Remover(Protocol):
    """What can remove a container."""

    def remove_containers(self, ids: list[str]) -> None:
        """Remove containers."""


class ContainerLease:
    """Held by the stdin of a `docker run -i`: whatever ends this process closes it, and ends the container."""

    def __init__(self, container_id: str, process: subprocess.Popen[bytes], remover: Remover) -> None:
        self._container_id = container_id
        self._process = process
        self._remover = remover

    @property
    def container_id(self) -> str:
        """The id of the container that stands for the lease."""
        return self._container_id

    @property
    def is_held(self) -> bool:
        """Whether the container still runs, as far as its client knows."""
        return self._process.poll() is None

    def release(self) -> None:
        """Give the name back. Never raises."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_RELEASE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            with suppress(EngineError):
                self._remover.remove_containers([self._container_id])
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
