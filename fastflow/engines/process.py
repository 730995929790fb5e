"""Runs a command of Docker's in a session of its own, and names the errors that calls end with."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from fastflow.engines.messages import explain, known
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError

_KILL_GRACE = 5.0
_EVERYWHERE = ("--file", "--project-directory", "--env-file", "--label")


def call(words: Sequence[str], environment: Mapping[str, str], timeout: float) -> str:
    """Run a command to its end, within `timeout` seconds; return what it printed on stdout. Raises EngineError."""
    process = start(words, environment)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise timed_out(shown(words), timeout) from None
    finally:
        kill_group(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if process.returncode:
        raise failed(shown(words), process.returncode, (err if err.strip() else out).decode(errors="replace"))
    return out.decode(errors="replace")


def start(
    words: Sequence[str], environment: Mapping[str, str], stream: socket.socket | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; `stream` becomes its stdin and stdout."""
    try:
        return subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL if stream is None else stream.fileno(),
            stdout=subprocess.PIPE if stream is None else stream.fileno(),
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # a Ctrl-C on the terminal is for fastflow alone
        )
    except FileNotFoundError:
        raise not_found(words[0]) from None
    except (OSError, ValueError) as error:
        raise EngineError(f"`{words[0]}` cannot be run: {error}") from None


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


def failed(command: str, code: int, output: str) -> EngineCallError:
    """The error of a command that ended with `code`."""
    message, hint = explain(output, command, code)
    failure = known(output)
    return (failure.error if failure else EngineCallError)(message, hint, command, code, output)


def timed_out(command: str, timeout: float) -> EngineTimeoutError:
    """The error of a command that did not end within `timeout` seconds."""
    message = f"`{command}` did not end within {timeout:g} s"
    return EngineTimeoutError(message, "is the engine under load, or hung?", command)


def interrupted(command: str) -> EngineCallError:
    """The error of a command that was broken off."""
    return EngineCallError(f"`{command}` was interrupted", None, command)


def shown(command: Sequence[str]) -> str:
    """A command for messages, without the options that every call has."""
    words = list(command)
    shown = [os.path.basename(words[0])]  # noqa: PTH119  # a word of a command, not a path to work with
    rest = iter(words[1:])
    for word in rest:
        if word in _EVERYWHERE:
            next(rest, None)
        else:
            shown.append(word)
    text = " ".join(shown)
    return text if len(text) <= 200 else text[:197] + "..."
