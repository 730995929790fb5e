"""Calls Docker and Docker Compose the way one engine is reached."""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from fastflow.compose import ComposeProject
from fastflow.engines.failures import NOT_RUNNING
from fastflow.engines.messages import known
from fastflow.engines.process import Caller, Command, start
from fastflow.engines.sources import needs_files, options_of
from fastflow.engines.stream import CommandOutput, LineStream
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, EngineUnreachableError

INSTALL_COMPOSE = "install the plugin of Docker Compose v2 (docker-compose-plugin)"
_ANSWERED = "Error response from daemon"
"""What the command line puts before the words of an engine, which thus was reached."""
_PROBE_TIMEOUT = 10.0
_NO_SUCH_COMMAND = 125
"""The exit code of Docker's command line for a command or an option that it does not know."""
_SYSTEM_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


@dataclass(frozen=True, slots=True)
class _Project:
    """A Compose project that is changed; `rank` tells which came first, as far as they did not come at once."""

    rank: int
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class CommandLine:
    """`docker_words` and `compose_words` are what every call begins with; times are seconds."""

    docker_words: Sequence[str]
    compose_words: Sequence[str]
    caller: Caller
    timeout: float
    _projects: dict[str, _Project] = field(default_factory=dict)

    def docker(
        self,
        *arguments: str,
        timeout: float | None = None,
        is_short: bool = True,
        is_change: bool = False,
        is_interruptible: bool = False,
        stdin: str = "",
    ) -> str:
        """Call Docker; return what it printed on stdout."""
        words = [*self.docker_words, *arguments]
        limit = self.timeout if timeout is None else timeout
        return self._ask(
            Command(words, limit, stdin, is_short=is_short, is_change=is_change, is_interruptible=is_interruptible)
        )

    def compose_version(self) -> str:
        """Return the version that Docker Compose says it has; raise EngineError where there is no Compose that runs."""
        try:
            return self.caller.call(Command([*self.compose_words, "version", "--short"], self.timeout)).strip()
        except EngineTimeoutError:
            raise
        except EngineError as error:
            code = error.return_code if isinstance(error, EngineCallError) else None
            broken = next(compose_plugins(self.caller.environment), None)
            if code == _NO_SUCH_COMMAND and broken is None:
                raise EngineError("Docker Compose v2 is not installed", INSTALL_COMPOSE) from None
            said = f"{broken} is not a working plugin" if code == _NO_SUCH_COMMAND else error.message
            raise EngineError(f"Docker Compose v2 cannot be run: {said}", INSTALL_COMPOSE) from None

    def look(self, project: ComposeProject, arguments: Sequence[str]) -> str:
        """Call Compose for a project without changing anything."""
        return self._compose(project, arguments, Command((), self.timeout), None)

    def change(
        self,
        project: ComposeProject,
        arguments: Sequence[str],
        timeout: float,
        more: Mapping[str, str] | None = None,
        *,
        may_wait: bool = False,
    ) -> str:
        """Call Compose to change a project: one at a time, since two would create its network twice.

        Where many wait for their turn the project comes first that was changed first. One that may wait for something
        is not counted among the calls that are made at once.
        """
        since = self.caller.interrupts
        own = self._projects.setdefault(project.name, _Project(len(self._projects) + 1))
        command = Command(
            (),
            timeout,
            more=more or {},
            is_short=False,
            is_change=not may_wait,
            is_interruptible=True,
            rank=own.rank,
        )
        with own.lock:
            return self._compose(project, arguments, command, since)

    def _compose(self, project: ComposeProject, arguments: Sequence[str], command: Command, since: int | None) -> str:
        with tempfile.TemporaryDirectory(prefix="fastflow-") if needs_files(project) else nullcontext("") as scratch:
            options, stdin = options_of(project, Path(scratch))
            quiet = ["--ansi", "never", "--progress", "quiet", "--profile", "*"]
            words = [*self.compose_words, *quiet, *options, *arguments]
            return self._ask(replace(command, words=words, stdin=stdin), since)

    def _ask(self, command: Command, since: int | None = None) -> str:
        """Run a command; where its text does not tell, the engine itself tells whether it can be reached."""
        try:
            return self.caller.call(command, since)
        except EngineCallError as error:
            is_clear = type(error) is not EngineCallError or error.return_code is None
            if is_clear or _ANSWERED in error.output or known(error.output) or self._answers():
                raise
            facts = error.message, error.hint or NOT_RUNNING, error.command, error.return_code, error.output
            raise EngineUnreachableError(*facts) from None

    def _answers(self) -> bool:
        """Whether an engine answers; one that hangs is there."""
        words = [*self.docker_words, "version", "--format", "{{.Server.Version}}"]
        try:
            self.caller.call(Command(words, min(self.timeout, _PROBE_TIMEOUT), is_short=False))
        except EngineTimeoutError:
            return True
        except EngineError:
            return False
        return True

    def stream(
        self, arguments: Sequence[str], on_line: Callable[[str], None], again: Sequence[str] | None = None
    ) -> LineStream:
        """Start Docker and give each line that it prints, stdout and stderr together.

        `again` is what prints the same from the beginning, but without waiting for more.
        """

        def started(words: Sequence[str]) -> CommandOutput:
            return CommandOutput(start([*self.docker_words, *words], self.caller.environment, is_merged=True))

        return LineStream(started(arguments), on_line, None if again is None else lambda: started(again))

    def open(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start Docker with its stdin, stdout and stderr open."""
        return start([*self.docker_words, *arguments], self.caller.environment)

    def read(self, arguments: Sequence[str], consume: Callable[[IO[bytes]], None]) -> None:
        """Call Docker and give its stdout to `consume` as it comes."""
        self.caller.read([*self.docker_words, *arguments], self.timeout, consume)


def compose_plugin(environment: Mapping[str, str]) -> str | None:
    """Find the Compose plugin that can be called without Docker in between, which saves some 45 ms a call.

    None where Docker has more to say than its environment does: a current context or directories of its own.
    """
    settings = _settings_of(environment)
    if settings is None or settings.get("cliPluginsExtraDirs") or environment.get("DOCKER_CONTEXT"):
        return None
    if not environment.get("DOCKER_HOST") and not uses_default_context(environment):
        return None
    return next(compose_plugins(environment), None)


def compose_plugins(environment: Mapping[str, str]) -> Iterator[str]:
    """The files that Docker's command line takes for the Compose plugin, in its order."""
    directories = (_home_of(environment) / "cli-plugins", *_SYSTEM_PLUGINS)
    candidates = (Path(directory) / "docker-compose" for directory in directories)
    return (str(path) for path in candidates if path.is_file() and os.access(path, os.X_OK))


def uses_default_context(environment: Mapping[str, str]) -> bool:
    """Whether the command line of Docker takes its default context, where it can be told without asking it."""
    settings = _settings_of(environment)
    chosen = environment.get("DOCKER_CONTEXT") or (settings or {}).get("currentContext") or "default"
    return settings is not None and chosen == "default"


def _home_of(environment: Mapping[str, str]) -> Path:
    configured = environment.get("DOCKER_CONFIG")
    return Path(configured) if configured else Path(environment.get("HOME", "/nonexistent")) / ".docker"


def _settings_of(environment: Mapping[str, str]) -> dict[str, object] | None:
    """The settings of Docker's command line; None where they cannot be read."""
    try:
        settings = json.loads((_home_of(environment) / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, PermissionError):
        return None
    return settings if isinstance(settings, dict) else None
