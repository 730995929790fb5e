"""Makes sure that a cancelled run ends in time, whatever its phases wait for."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from fastflow.errors import EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.at_once import at_once
from fastflow.run.context import Host, RunContext
from fastflow.run.lease import ROLE

_AGAIN = 0.2
_LAST_CALL = 1.0


class CancelWatchdog:
    """Interrupts the engines of a cancelled run, and kills its containers when their time is up."""

    def __init__(self, run: RunContext, hosts: Sequence[Host]) -> None:
        self._run = run
        self._hosts = hosts
        self._stirred = threading.Event()
        self._is_over = threading.Event()
        run.cancellation.watchers.append(self._stirred.set)
        self._thread = threading.Thread(target=self._watch, daemon=True, name="stop")

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching: the phases have ended, and the clean-up must not be interrupted."""
        self._is_over.set()
        self._stirred.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_CALL)  # a thread that kills on an engine that hangs ends by itself, later

    def _watch(self) -> None:
        if not self._run.cancellation.is_set:
            self._stirred.wait()
        deadline = time.monotonic() + self._run.settings.cancel_limit
        while not self._is_over.is_set():
            for host in self._hosts:
                host.engine.compose.interrupt()  # again and again: a call may have begun since
            if time.monotonic() >= deadline or self._run.cancellation.hurried_at is not None:
                at_once(self._kill, self._hosts)
            self._is_over.wait(_AGAIN)

    def _kill(self, host: Host) -> None:
        with suppress(EngineError):
            found = host.engine.api.containers({f"{LABEL}.run": self._run.settings.run})
            mine = [container for container in found if container.labels.get(f"{LABEL}.role") != ROLE]
            if not self._run.settings.keep:
                host.engine.api.remove_containers(container.id for container in mine)
                return
            ids = [container.id for container in mine if container.labels.get(f"{LABEL}.role") != "service"]
            at_once(lambda container_id: _stop(host, container_id), ids)


def _stop(host: Host, container_id: str) -> None:
    with suppress(EngineError):
        host.engine.api.stop(container_id, 0)
