"""Errors of the outside world, as exceptions whose facts are fields.

Faults in the user's files are values (`fastflow.diagnostic`), failed work is a result
(`fastflow.record.result`). All other errors are here. Exit codes, the first that applies:

====  =====================================================================
code  meaning
====  =====================================================================
2     wrong usage or an invalid spec; nothing was started
4     a BUILD_ID, or an alias on a network that runs share, is in use by another
      run on that engine; nothing was started
130   interrupted by SIGINT (143 by SIGTERM, 129 by SIGHUP)
1     a testing phase found vulnerabilities
3     a phase failed for another reason, or the engine did
0     all passed
70    a bug of fastflow
====  =====================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from fastflow.diagnostic import Diagnostic


class ExitCode(IntEnum):
    """The exit codes of every command."""

    PASSED = 0
    VULNERABLE = 1
    INVALID = 2
    FAILED = 3
    BUILD_ID_IN_USE = 4
    BUG = 70
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass
class FastflowError(Exception):
    """An error that a user can understand and fix: one line says what is wrong, one what to do."""

    message: str
    hint: str | None = None
    exit_code = ExitCode.FAILED

    def __str__(self) -> str:
        return self.message

    def mask(self, mask: Callable[[str], str]) -> None:
        """Let nothing that is shown of it hold a secret."""
        self.message = mask(self.message)
        self.hint = mask(self.hint) if self.hint is not None else None


class UsageError(FastflowError):
    """The request makes no sense: an unknown workflow, an empty selection, a missing file."""

    exit_code = ExitCode.INVALID


@dataclass
class InvalidSpecError(UsageError):
    """A spec has errors: `findings`, and the text of the specs by the names of their files."""

    findings: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass
class RejectedProjectError(UsageError):
    """Docker Compose rejects the project of a workflow; `reason` is in its own words (rule compose-invalid)."""

    workflow: str = ""
    reason: str = ""


class InterruptedBeforeRunError(Exception):
    """A signal came before there was a run to stop; there is nothing to remove."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted")
        self.exit_code = 128 + number


class EngineError(FastflowError):
    """Docker Engine, its CLI or Docker Compose did not do what was asked of it."""


@dataclass
class EngineCallError(EngineError):
    """A call to the engine ended with an error; `command` is what was called, without its environment."""

    command: str = ""
    return_code: int | None = None
    output: str = ""

    def mask(self, mask: Callable[[str], str]) -> None:
        """Let nothing that is shown of it hold a secret: its last lines are those of the engine's command line."""
        super().mask(mask)
        self.command, self.output = mask(self.command), mask(self.output)


class EngineUnreachableError(EngineCallError):
    """Nothing answers at the engine's address: it does not run, or it is just restarting."""


class AddressesExhaustedError(EngineCallError):
    """The engine's address pools have no subnet left for another network."""


class SubnetInUseError(EngineCallError):
    """The subnet of a new network would overlap with that of another network."""


class EngineTimeoutError(EngineCallError):
    """A call to the engine did not come back in time."""


class EmulatorError(FastflowError):
    """The emulated cloud or its image could not be made ready."""


class BuildIdInUseError(FastflowError):
    """Another live run on the engine holds the lease of a BUILD_ID of this one."""

    exit_code = ExitCode.BUILD_ID_IN_USE


class NameInUseError(FastflowError):
    """Another live run on the engine has a recording node of the same alias on the same network."""

    exit_code = ExitCode.BUILD_ID_IN_USE


def system_reason(error: OSError) -> str:
    """The system's reason for a file error, in the form for use within a sentence: `permission denied`."""
    return (error.strerror or str(error)).lower()
