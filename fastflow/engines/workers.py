"""Calls python-on-whales in separate processes, so that a call has a time limit and can be killed."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Order:
    """One call. `operation` is a method of python-on-whales' client (`compose.up`), `client` that client's arguments.

    `environment` is exactly what Docker's command line gets. Everything can be encoded as JSON.
    """

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    """Its subject, for messages: an image, services."""
    client: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """The call for messages, as the command line would have it."""
        return f"docker {self.operation.replace('.', ' ')} {self.subject}".rstrip()


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a call: the command line's exit code (None if it could not be run), and its output."""

    code: int | None
    output: str
    command: tuple[str, ...]

    @classmethod
    def read(cls, written: bytes) -> "Answer":
        """Read the worker's JSON."""
        data = json.loads(written)
        return cls(data["code"], data["output"], tuple(data["command"]))


class Call:
    """A call that is under way, in a child of the worker."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid: int | None = None
        self._is_killed = False
        self._lock = threading.Lock()

    def make(self, order: Order, timeout: float) -> Answer | None:
        """Make the call and wait up to `timeout` seconds for its end; None if it was killed.

        Raises TimeoutError after it has killed a call that takes longer, ConnectionError if it has not even begun
        because the worker was killed.
        """
        deadline = time.monotonic() + timeout
        said = b""
        with self._connection as connection:
            try:
                connection.settimeout(timeout)
                connection.sendall(json.dumps(asdict(order)).encode())
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(_PIECE):
                    said += piece
                    if self._pid is None and b"\n" in said:
                        self._began(int(said.partition(b"\n")[0]))
                    connection.settimeout(max(0.001, deadline - time.monotonic()))
            except TimeoutError:
                self.kill()
                raise
            except OSError:
                pass  # it then ends like one that closes without an answer
            finally:
                with self._lock:
                    self._pid = None
        if not said and not self._is_killed:
            raise ConnectionError
        answer = said.partition(b"\n")[2]
        return Answer.read(answer) if answer else None

    def _began(self, pid: int) -> None:
        with self._lock:
            self._pid = pid
        if self._is_killed:
            self.kill()

    def kill(self) -> None:
        """Kill it and everything that it started; safe from any thread, and before it has begun."""
        with self._lock:
            self._is_killed = True
            if self._pid is not None:
                # It has not answered yet, so the pid is still its own; it leads the group because it leads its session.
                with suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)


class Workers:
    """The process with the library, started for the first call and again if it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        """The worker, while it runs."""
        self._orders: socket.socket | None = None
        atexit.register(self.close)

    def close(self) -> None:
        """End it, with its pending calls."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._orders is not None and self.process is not None:
            self._orders.close()
            self.process.kill()
            self.process.wait()
        self._orders = self.process = None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it before the first call, which then does not have to wait for its imports."""
        with suppress(OSError), self._lock:  # the first call raises what stands in the way
            self._running(environment)

    def begin(self, environment: Mapping[str, str]) -> Call:
        """Begin a call; a worker that is started for it gets `environment`, and imports from the same places.

        Raises OSError if none can be started.
        """
        own, its = socket.socketpair()
        try:
            with its, self._lock:
                try:
                    socket.send_fds(self._running(environment), [b"."], [its.fileno()])
                except (BrokenPipeError, ConnectionResetError):
                    self._end()
                    socket.send_fds(self._running(environment), [b"."], [its.fileno()])
        except BaseException:
            own.close()
            raise
        return Call(own)

    def _running(self, environment: Mapping[str, str]) -> socket.socket:
        if self._orders is None or self.process is None or self.process.poll() is not None:
            if self._orders is not None:
                self._orders.close()
            self._orders, its = socket.socketpair()
            with its:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "fastflow.engines.worker", str(its.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    pass_fds=[its.fileno()],
                    start_new_session=True,  # a Ctrl-C on the terminal is only for fastflow
                )
        return self._orders


WORKERS = Workers()
"""One worker serves all engines of a process."""
