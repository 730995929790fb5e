"""The errors of calls: the message of an engine or its command line as one line, and a hint."""

import os
import re
from collections.abc import Sequence

from fastflow.engines.failures import FAILURES, WEB_PAGE, Failure
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError

_NOISE = re.compile(
    r"^(time=\"|#\d+ |WARNING: |DEPRECATED: |\s*See 'docker|Run 'docker|Usage:|exit status \d+$|\s*$|.*level=warning)"
    r"|^\s*(Container|Network|Volume) \S+ +\w+$"
)
_WRAPPING = re.compile(
    r"Error response from daemon: |failed to set up container networking: |Error starting userland proxy: "
    r"|driver failed programming external connectivity on endpoint \S+ \([0-9a-f]+\): "
    r"|failed to create (shim task|task for container): |(OCI runtime|runc) create failed: "
    r"|unable to start container process: |Failed to initialize: |unable to resolve docker endpoint: "
    r"|rpc error: code = \w+ desc = |failed to solve with frontend \S+: |failed to create LLB definition: "
    r"|failed to open the raw stream connection: "
    r"|^(Error: |docker: |error: |unable to get image '[^']*': |failed to solve: )+",
    re.IGNORECASE,
)
"""Text around the reason that only says which part of the engine passed it on."""
_LONGEST = 20_000
"""Number of characters at the end of an output in which to look for a failure."""
_EVERYWHERE = ("--file", "--project-directory", "--env-file", "--label")
"""Options of every call; each has a value."""
_SSH = re.compile(r"command \[ssh .*?\] has exited with .*?stderr=(.*)", re.DOTALL)


def known(output: str) -> Failure | None:
    """The failure that a text means."""
    return _found(output)[0]


def advice(output: str) -> str | None:
    """What to do about a failure that is recognised by its text."""
    failure, found = _found(output)
    return failure.advice.format(**found.groupdict()) if failure and found else None


def _found(output: str) -> tuple[Failure | None, re.Match[str] | None]:
    end = output[-_LONGEST:]
    return next(((one, found) for one in FAILURES if (found := one.found_in(end))), (None, None))


def explain(output: str, command: str, exit_code: int | None = None) -> tuple[str, str | None]:
    """Return the reason in `output` as one line, and what to do about it if that is known."""
    hint = advice(output)
    if re.search(WEB_PAGE, output, re.IGNORECASE | re.MULTILINE):
        return f"`{command}` was answered with a web page, not by a Docker Engine", hint
    if ssh := _SSH.search(output):
        output = ssh[1]
    lines = [line.strip() for line in output.splitlines() if not _NOISE.search(line)]
    if not lines:
        ended = "failed" if exit_code is None else f"ended with exit code {exit_code}"
        return f"`{command}` {ended} and printed nothing", hint
    telling = [line for line in lines if known(line)]
    return plain((telling or lines)[-1]), hint


def plain(reason: str) -> str:
    """Remove text from an engine's reason that only says which of its parts passed it on."""
    return _WRAPPING.sub("", reason).removesuffix(": unknown")[:500]


def not_found(binary: str) -> EngineError:
    """The error if Docker's command line is missing."""
    return EngineError(f"`{binary}` was not found", "install Docker's command line, or put it on the PATH")


def failed(
    command: str,
    output: str,
    *,
    exit_code: int | None = None,
    otherwise: type[EngineCallError] = EngineCallError,
) -> EngineCallError:
    """The error of a command or request that failed and printed `output`; `otherwise` is the class if the text does not
    say more."""
    message, hint = explain(output, command, exit_code)
    failure = known(output)
    kind = otherwise if failure is None or failure.error is EngineCallError else failure.error
    return kind(message, hint, command, exit_code, output)


def timed_out(command: str, timeout: float) -> EngineTimeoutError:
    """The error of a command that did not end within `timeout` seconds."""
    message = f"`{command}` did not end within {timeout:g} s"
    return EngineTimeoutError(message, "check that the engine is not overloaded or hung", command)


def interrupted(command: str) -> EngineCallError:
    """The error of an interrupted command."""
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
