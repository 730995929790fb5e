"""Runs the engine's command line: an environment of its own, time limits, sessions, and no more than so many at once.

python-on-whales builds the commands but does not run them: its calls have no environment, no time limit and no
session of their own, and print the environment (with the token) when told to debug (docs/decisions/0001).
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import IO

from fastflow.engines.messages import explain, known
from fastflow.engines.turns import Turns
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError

_KILL_GRACE = 5.0
_SETTLING = 1.0
"""Seconds in which an engine is done with what it was asked for by a command that was killed meanwhile: a network takes
half of it on two busy cores."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to call. `more` is added to the environment; a short call or a change takes one of the few turns.

    Of changes that wait the one of the lowest rank comes first. An interruptible call is killed by
    `Caller.interrupt`; `timeout` is in seconds.
    """

    words: Sequence[str]
    timeout: float
    stdin: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    is_short: bool = True
    is_change: bool = False
    is_interruptible: bool = False
    rank: int = 0

    @property
    def shown(self) -> str:
        """The command for messages, without the long list of options that every Compose call has."""
        return _shown(self.words)


@dataclass
class Caller:
    """Calls commands with one environment, at most `max_calls` at once: those that wait for something are not counted.

    Half of them at most change projects. That is what costs most, and what is asked in between must not queue behind.
    """

    environment: Mapping[str, str]
    max_calls: int = 8
    _turns: Mapping[bool, Turns] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _interrupts: int = 0
    _settled_at: float | None = None

    def __post_init__(self) -> None:
        changes = max(1, self.max_calls // 2)
        short = max(1, self.max_calls - changes)
        self._turns = {True: Turns(changes), False: Turns(short)}

    @property
    def interrupts(self) -> int:
        """How often calls were interrupted; a call that began before the last interrupt is not made any more."""
        return self._interrupts

    def slot(self, *, is_change: bool = False, rank: int = 0) -> AbstractContextManager[object]:
        """Take one of the few turns for short calls, or of those for changes, for as long as the context lasts."""
        return self._turns[is_change].take(rank)

    def call(self, command: Command, since: int | None = None) -> str:
        """Run a command to its end and return what it printed on stdout.

        `since` is what `interrupts` was when the work began that this call is for. Raises EngineCallError where
        the command ends with an error or is interrupted, EngineTimeoutError after its time limit.
        """
        since = self._interrupts if since is None else since
        is_counted = command.is_short or command.is_change
        with self.slot(is_change=command.is_change, rank=command.rank) if is_counted else nullcontext():
            process = self._begin(command, since)
            try:
                out, err = process.communicate(command.stdin.encode(), timeout=command.timeout)
            except subprocess.TimeoutExpired:
                self._break_off(command)
                raise timed_out(command.words, command.timeout) from None
            finally:
                finish(process)
                with self._lock:
                    self._under_way.discard(process)
        self._judge(command, process.returncode, out, err, since)
        return out.decode(errors="replace")

    def _begin(self, command: Command, since: int) -> subprocess.Popen[bytes]:
        environment = {**self.environment, **command.more}
        if not command.is_interruptible:
            return start(command.words, environment)
        with self._lock:
            if self._interrupts != since:
                raise _interrupted(command)
            process = start(command.words, environment)
            self._under_way.add(process)
        return process

    def _judge(self, command: Command, code: int, out: bytes, err: bytes, since: int) -> None:
        if code == 0:
            return
        if command.is_interruptible and self._interrupts != since:
            self._break_off(command)
            raise _interrupted(command)
        # What a command prints on stdout is what it was asked for, such as JSON, as far as it came.
        raise failed(command.words, code, (err if err.strip() else out).decode(errors="replace"))

    def read(self, words: Sequence[str], timeout: float, consume: Callable[[IO[bytes]], None]) -> None:
        """Give the stdout of a command to `consume` as it comes.

        Raises EngineCallError where the command ends with an error, EngineTimeoutError where it does not end within
        `timeout` seconds. An error of the consumer's kills the command.
        """
        process = start(words, self.environment)
        assert process.stdout is not None
        assert process.stderr is not None
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _signal_group(process)

        timer = threading.Timer(timeout, expire)
        try:
            timer.start()
            consume(process.stdout)
            while process.stdout.read(65_536):
                pass  # what comes after the end of the archive
            output = process.stderr.read()
            code = process.wait()
        finally:
            timer.cancel()
            finish(process)
        if expired.is_set():
            raise timed_out(words, timeout)
        if code:
            raise failed(words, code, output.decode(errors="replace"))

    def interrupt(self) -> None:
        """Kill every interruptible call that is under way, and let none begin that still waits for its turn."""
        with self._lock:
            self._interrupts += 1
            for process in self._under_way:
                _signal_group(process)

    def _break_off(self, command: Command) -> None:
        if command.is_interruptible:
            self._settled_at = time.monotonic() + _SETTLING

    def settle(self) -> bool:
        """Wait until the engine is done with what calls asked for that were broken off; False where none was."""
        if self._settled_at is None:
            return False
        threading.Event().wait(max(0.0, self._settled_at - time.monotonic()))  # it tells nobody when that is
        self._settled_at = None
        return True


def start(words: Sequence[str], environment: Mapping[str, str], *, is_merged: bool = False) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; merged means: no stdin, and stderr goes where stdout goes."""
    try:
        return subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL if is_merged else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if is_merged else subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # a Ctrl-C on the terminal is for fastflow alone
        )
    except FileNotFoundError:
        raise not_found(words[0]) from None
    except (OSError, ValueError) as error:
        raise EngineError(f"`{words[0]}` cannot be run: {error}") from None


def finish(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a command, and close its pipes."""
    kill_group(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):  # what was not written yet has no reader any more
                pipe.close()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a command and its children, and wait for it; one that has ended is fine."""
    if process.returncode is not None:
        return
    _signal_group(process)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_GRACE)


def _signal_group(process: subprocess.Popen[bytes]) -> None:
    # Not reaped yet, so its number is still its own; it leads the group because it leads its session.
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def not_found(binary: str) -> EngineError:
    """The error where the command line of Docker is missing."""
    return EngineError(f"`{binary}` was not found", "install Docker's command line, or put it on the PATH")


def failed(words: Sequence[str], code: int, output: str) -> EngineCallError:
    """The error of a command that ended with `code`."""
    message, hint = explain(output, _shown(words), code)
    failure = known(output)
    return (failure.error if failure else EngineCallError)(message, hint, _shown(words), code, output)


def timed_out(words: Sequence[str], timeout: float) -> EngineTimeoutError:
    """The error of a command that did not end within `timeout` seconds."""
    message = f"`{_shown(words)}` did not end within {timeout:g} s"
    return EngineTimeoutError(message, "is the engine under load, or hung?", _shown(words))


def _interrupted(command: Command) -> EngineCallError:
    return EngineCallError(f"`{command.shown}` was interrupted", None, command.shown)


def _shown(command: Sequence[str]) -> str:
    words = list(command)
    shown = [os.path.basename(words[0])]  # noqa: PTH119  # a word of a command, not a path to work with
    rest = iter(words[1:])
    for word in rest:
        if word in ("--file", "--project-directory", "--env-file", "--profile", "--ansi", "--progress", "--label"):
            next(rest, None)
        else:
            shown.append(word)
    text = " ".join(shown)
    return text if len(text) <= 200 else text[:197] + "..."
