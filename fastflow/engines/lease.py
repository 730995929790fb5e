"""A lease: a running container that ends when the process that holds it does."""

import os
import re
import selectors
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from fastflow.engines.command_line import CommandLine
from fastflow.engines.daemon import NAME_TAKEN, Daemon
from fastflow.engines.process import failed, finish, timed_out
from fastflow.errors import EngineCallError, EngineError

_RELEASE_TIMEOUT = 5.0
_HELLO = b"held\n"
_TAKEN_AWAY = re.compile(r"no such container|marked for removal|removal of container", re.IGNORECASE)
_START_GRACE = 10.0
_SHOWN = ("docker", "run", "--interactive")


class ContainerLease:
    """Held by the stdin of a `docker run -i`: whatever ends this process closes it, and ends the container."""

    def __init__(self, container_id: str, process: subprocess.Popen[bytes], daemon: Daemon) -> None:
        self._container_id = container_id
        self._process = process
        self._daemon = daemon

    @property
    def container_id(self) -> str:
        """The id of the container that stands for the lease."""
        return self._container_id

    def start(self) -> None:
        """It runs already: the command line creates and starts it in one."""

    def release(self) -> None:
        """Give the name back. Never raises."""
        _close_stdin(self._process)
        try:
            # `run --rm` ends when the container is not only dead but removed.
            self._process.wait(_RELEASE_TIMEOUT)
        except subprocess.TimeoutExpired:
            with suppress(EngineError):
                self._daemon.remove("container", [self._container_id])
        finish(self._process)


def take(call: CommandLine, daemon: Daemon, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
    """Take a container name; None where another container has it.

    A holder that is only created is about to run, or its client died: it gets some seconds before it counts as a
    holder, so that nobody takes a lease for dead that is being taken.
    """
    deadline = time.monotonic() + _START_GRACE
    while True:
        try:
            lease = _try(call, daemon, name, image, labels)
        except EngineCallError as error:
            if not _TAKEN_AWAY.search(error.output) or time.monotonic() > deadline:
                raise
            continue
        if lease is not None or not _is_vacant_by(daemon, name, deadline):
            return lease


def _is_vacant_by(daemon: Daemon, name: str, deadline: float) -> bool:
    """Watch a holder that is not running yet; whether the name has come free."""
    pause = threading.Event()
    while True:
        found = daemon.inspect([name])
        if not found:
            return time.monotonic() < deadline
        if found[0].status not in ("created", "removing") or time.monotonic() > deadline:
            return False
        pause.wait(0.1)  # the engine has nothing to wait for a start with


def _try(call: CommandLine, daemon: Daemon, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
    options = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    command = ["run", "--interactive", "--rm", "--pull", "never", "--network", "none", "--no-healthcheck"]
    command += ["--stop-signal", "SIGKILL", "--name", name, *options, "--entrypoint", "cat", image]
    process = call.open(command)
    try:
        return _held(call, daemon, name, process)
    except BaseException:
        _close_stdin(process)
        finish(process)
        raise


def _held(call: CommandLine, daemon: Daemon, name: str, process: subprocess.Popen[bytes]) -> ContainerLease | None:
    """The container echoes a line: once that is back it runs, and its stdin is ours."""
    assert process.stdin is not None
    with suppress(OSError):  # a client that has failed says why below
        process.stdin.write(_HELLO)
        process.stdin.flush()
    if _answers(process, call.timeout):
        found = daemon.inspect([name])
        if not found:
            raise EngineError(f"the container {name} was removed as soon as it ran")
        return ContainerLease(found[0].id, process, daemon)
    try:
        _, said = process.communicate(timeout=call.timeout)
    except subprocess.TimeoutExpired:
        raise timed_out(_SHOWN, call.timeout) from None
    finish(process)
    output = said.decode(errors="replace")
    if NAME_TAKEN.search(output):
        return None
    raise failed([*call.docker_words, "run", "--name", name], process.returncode, output)


def _answers(process: subprocess.Popen[bytes], timeout: float) -> bool:
    """Whether the line came back; False where the client has ended instead."""
    assert process.stdout is not None
    deadline = time.monotonic() + timeout
    answer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while _HELLO not in answer:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise timed_out(_SHOWN, timeout)
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                return False
            answer += piece
    return True


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
