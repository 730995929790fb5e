"""Runs a command in its own session."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from fastflow.engines.messages import failed, not_found, shown, timed_out
from fastflow.errors import EngineError

_KILL_GRACE = 5.0


def call(words: Sequence[str], environment: Mapping[str, str], timeout: float) -> str:
    """Run a command to its end, within `timeout` seconds; return its stdout. Raises EngineError."""
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
        said = (err if err.strip() else out).decode(errors="replace")
        raise failed(shown(words), said, exit_code=process.returncode)
    return out.decode(errors="replace")


def start(
    words: Sequence[str], environment: Mapping[str, str], stream: socket.socket | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in its own session; `stream` becomes its stdin and stdout."""
    try:
        return subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL if stream is None else stream.fileno(),
            stdout=subprocess.PIPE if stream is None else stream.fileno(),
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # a Ctrl-C on the terminal is only for fastflow
        )
    except FileNotFoundError:
        raise not_found(words[0]) from None
    except (OSError, ValueError) as error:
        raise EngineError(f"`{words[0]}` cannot be run: {error}") from None


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a command and its children, and wait for it; one that has ended is fine."""
    if process.returncode is not None:
        return
    # Not reaped yet, so its pid is still its own; it leads the group because it leads its session.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_GRACE)
