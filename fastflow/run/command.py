"""A source that is a command on this machine: its environment and its process."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from fastflow.run.container import Container

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_LONGEST_LINE = 65_536
_GRACE = 1.0
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  # addresses that are read, not bound


def proxy_of(node: Container, engine_host: str) -> tuple[str, int] | None:
    """The host and port at which this machine reaches a node's proxy, if it is published."""
    for port in node.ports:
        if port.container_port == 8080 and port.host_port:
            return engine_host if port.address in _EVERYWHERE else port.address, port.host_port
    return None


def source_environment(
    base: Mapping[str, str], proxy: tuple[str, int] | None, own: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a source's command: the proxy in every usual variable, and no exceptions to it."""
    environment = dict(base)
    if proxy is not None:
        host, port = proxy
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{port}"
        environment.update(dict.fromkeys(PROXY_VARIABLES, url))
        environment.update(FASTFLOW_PROXY=url, FASTFLOW_PROXY_HOST=host, FASTFLOW_PROXY_PORT=str(port))
    environment.update(NO_PROXY="", no_proxy="")
    environment.update(own)
    return environment


class CommandRun:
    """A running shell command, in its own session so that all its processes can be ended."""

    def __init__(
        self,
        command: str,
        directory: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> None:
        self._on_line = on_line
        self._on_end = on_end
        self._has_ended = threading.Event()
        self._process = subprocess.Popen(  # noqa: S602  # a shell command is what the spec asks for
            command,
            shell=True,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True, name="source-output")
        self._reader.start()
        threading.Thread(target=self._wait, daemon=True, name="source-end").start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while line := output.readline(_LONGEST_LINE):
                piece = line
                while len(piece) == _LONGEST_LINE and not piece.endswith(b"\n"):
                    piece = output.readline(_LONGEST_LINE)  # dropped: split into pieces, a line could hide a token
                self._on_line(line.decode(errors="replace").rstrip("\r\n"))

    def _wait(self) -> None:
        self._process.wait()
        self._reader.join(1.0)  # a background child may keep the pipe open; the phase does not wait for it
        self._has_ended.set()
        self._on_end()

    @property
    def has_ended(self) -> bool:
        """Whether the command has ended and its output was read."""
        return self._has_ended.is_set()

    @property
    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """End the command and everything that it started: SIGTERM, SIGKILL a second later."""
        if not self.has_ended and self._signal(signal.SIGTERM):
            self._has_ended.wait(_GRACE)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> bool:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True
