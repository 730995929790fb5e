"""The one error boundary: three ways to fail, three looks.

Your file: findings with a caret, printed by the commands. Your machine: what, and what to do. Our bug: a report
to paste.
"""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from fastflow import __version__
from fastflow.errors import EngineCallError, ExitCode, FastflowError, InterruptedBeforeRunError, InvalidSpecError

ISSUES = "the project's issue tracker"
_LAST_LINES = 5
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""The errors of a stream that cannot take its output; errors of files have file names."""


def guarded(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; no error that a user can cause becomes a traceback."""
    try:
        code = command.main(list(arguments), prog_name="fastflow", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else ExitCode.PASSED
    except click.ClickException as error:
        _show_usage(error)
        return ExitCode.INVALID
    except (click.Abort, KeyboardInterrupt, InterruptedBeforeRunError) as error:
        return error.exit_code if isinstance(error, InterruptedBeforeRunError) else ExitCode.INTERRUPTED
    except FastflowError as error:
        show_error(error)
        return error.exit_code
    except SystemExit as error:  # click's: 0 once it has told a shell how to complete, 1 for a broken pipe
        if not error.code:
            return ExitCode.PASSED
        _show_bug()  # 1 would say "vulnerable"
        return ExitCode.BUG
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            _show_bug()
            return ExitCode.BUG
        _drop_output()
        show_error(FastflowError(f"the output cannot be written: {error.strerror}"))
        return ExitCode.FAILED
    except Exception:  # everything else is a bug of fastflow, whose whole report goes to the user
        _show_bug()
        return ExitCode.BUG


def _show_usage(error: click.ClickException) -> None:
    """Print the fault of a command line like all errors, and the command's usage.

    A group without a command prints its help, as click has it.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _say(error.format_message())
        return
    message = " ".join(line.strip() for line in error.format_message().splitlines()).rstrip(".")
    lines = [f"error: {message[:1].lower()}{message[1:]}"]
    if isinstance(error, click.UsageError) and error.ctx is not None:
        usage = " ".join(error.ctx.get_usage().removeprefix("Usage: ").split())
        lines.append(f"  help: {usage}; see {error.ctx.command_path} --help")
    _say("\n".join(lines))


def _drop_output() -> None:
    """Drop the rest of the output: Python would complain again when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_error(error: FastflowError) -> None:
    """Print an error of the outside world: what it is, where, and what to do."""
    if isinstance(error, InvalidSpecError):
        from fastflow.cli.findings import show_findings  # noqa: PLC0415  # most errors are no findings

        show_findings(error.findings, error.texts)
    lines = [f"error: {error.message}"]
    if isinstance(error, EngineCallError) and error.command:
        ended = f" (exit code {error.return_code})" if error.return_code is not None else ""
        lines.append(f"  command: {error.command}{ended}")
        last = [line for line in error.output.splitlines() if line.strip()][-_LAST_LINES:]
        if len(last) > 1:
            lines += [f"  | {line}" for line in last]
    if error.hint:
        lines.append(f"  help: {error.hint}")
    from fastflow.report.text import clean  # noqa: PLC0415  # most commands end without an error

    _say(clean("\n".join(lines)))  # an engine's message may contain anything


def _say(text: str) -> None:
    """Print to stderr. If that fails, only the exit code remains; Python's own would be that of findings."""
    with suppress(OSError):
        click.echo(text, err=True)


def _show_bug() -> None:
    import platform  # noqa: PLC0415  # a command that works needs neither
    import traceback  # noqa: PLC0415  # as above

    # No values of variables: Python's own traceback shows only source lines. The exception's message may contain
    # anything, so it is cut off.
    *lines, last = traceback.format_exc().rstrip().splitlines()
    report = "\n".join([*lines, last[:200]])
    _say(
        f"This is a bug in fastflow. Please report this text to {ISSUES}:\n\n"
        f"fastflow {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{report}"
    )
