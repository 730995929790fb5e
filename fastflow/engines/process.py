"""Runs the engine's command line: an environment of its own, time limits, sessions, and no more than so many at once.

python-on-whales builds the commands but does not run them: its calls have no environment, no time limit and no
session of their own, and print the environment (with the token) when told to debug (docs/decisions/0001).
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastflow.engines.messages import explain
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError

LONGEST_LINE = 65_536
_CLOSE_GRACE = 5.0


@dataclass
class Caller:
    """Calls commands with one environment; at most `max_calls` short ones at once."""

    environment: Mapping[str, str]
    max_calls: int = 8
    _slots: threading.BoundedSemaphore = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _interruptible: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _interrupted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._slots = threading.BoundedSemaphore(self.max_calls)

    def call(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        stdin: str = "",
        more: Mapping[str, str] | None = None,
        interruptible: bool = False,
    ) -> str:
        """Run a command to its end and return what it printed on stdout.

        Raises EngineCallError where it ends with an error, EngineTimeoutError after `timeout` seconds.
        """
        with self._slots:
            process = self._start(command, {**self.environment, **(more or {})})
            if interruptible:
                self._guard(process)
            try:
                out, err = process.communicate(stdin.encode(), timeout=timeout)
            except subprocess.TimeoutExpired:
                kill_group(process)
                process.communicate()
                message = f"`{_shown(command)}` did not end within {timeout:.0f} s"
                raise EngineTimeoutError(message, "is the engine under load, or hung?", _shown(command)) from None
            finally:
                was_interrupted = self._release(process)
        if process.returncode == 0:
            return out.decode(errors="replace")
        output = err.decode(errors="replace") + out.decode(errors="replace")
        if was_interrupted:
            raise EngineCallError(f"`{_shown(command)}` was interrupted", None, _shown(command), process.returncode)
        message, hint = explain(output, _shown(command), process.returncode)
        raise EngineCallError(message, hint, _shown(command), process.returncode, output)

    def stream(self, command: Sequence[str], on_line: Callable[[str], None]) -> "LineStream":
        """Start a command and give each line that it prints, stdout and stderr together."""
        return LineStream(self._start(command, self.environment, merged=True), on_line)

    def open(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command whose stdin and stdout stay open."""
        return self._start(command, self.environment)

    def interrupt(self) -> None:
        """Kill every interruptible call that is under way."""
        with self._lock:
            for process in self._interruptible:
                self._interrupted.add(process.pid)
                kill_group(process)

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], merged: bool = False
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL if merged else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merged else subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,  # a Ctrl-C on the terminal is for fastflow alone
            )
        except OSError as error:
            hint = "install Docker's command line, or put it on the PATH"
            raise EngineError(f"`{command[0]}` cannot be run: {error.strerror}", hint) from None

    def _guard(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._interruptible.add(process)

    def _release(self, process: subprocess.Popen[bytes]) -> bool:
        with self._lock:
            self._interruptible.discard(process)
            was_interrupted = process.pid in self._interrupted
            self._interrupted.discard(process.pid)
        return was_interrupted


class LineStream:
    """The output of a running command, line by line, from a thread of its own."""

    def __init__(self, process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._is_closed = False
        self._thread = threading.Thread(target=self._read, daemon=True, name="engine-stream")
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while line := output.readline(LONGEST_LINE):
                if self._is_closed:
                    break
                self._on_line(line.decode(errors="replace").rstrip("\r\n"))
        self._process.wait()

    def close(self) -> None:
        """End the command; no line is given after this returns, unless it is called from `on_line`."""
        self._is_closed = True
        kill_group(self._process)
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_GRACE)

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the command's own end."""
        self._thread.join(timeout)
        return not self._thread.is_alive()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and its children; one that has ended is fine."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _shown(command: Sequence[str]) -> str:
    """The command for messages: without the long list of options that every Compose call has."""
    words = list(command)
    shown = [os.path.basename(words[0])]  # noqa: PTH119  # a word of a command, not a path to work with
    rest = iter(words[1:])
    for word in rest:
        if word in ("--file", "-f", "--project-directory", "--env-file", "--profile", "--ansi", "--progress"):
            next(rest, None)
        elif word != "compose" or shown != ["docker-compose"]:
            shown.append(word)
    text = " ".join(shown)
    return text if len(text) <= 200 else text[:197] + "..."
