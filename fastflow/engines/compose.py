"""Docker Compose, executed by python-on-whales."""

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from fastflow.compose import ComposeProject, ComposeText
from fastflow.engines.calls import Terms
from fastflow.engines.cli import DockerCli
from fastflow.engines.client_config import compose_plugin, compose_plugins
from fastflow.engines.workers import Order
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError
from fastflow.spec.reader import read_plain
from fastflow.spec.writer import as_mapping, dump

INSTALL_COMPOSE = "install the plugin of Docker Compose v2 (docker-compose-plugin)"
UPDATE_COMPOSE = "update the plugin of Docker Compose v2 (docker-compose-plugin)"
_NO_SUCH_COMMAND = (125, 126)
"""Docker's command line does not know the command or its option; the plugin cannot be run."""
_AS_PLUGIN = {"DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND": "docker"}
"""Tells the Compose binary that it is called as a plugin of Docker's (docker/cli, cli-plugins/plugin)."""
_QUIET = {"COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "quiet"}
_VALUE = "FASTFLOW_VALUE_"


@dataclass(frozen=True, slots=True)
class _Project:
    """A Compose project that is changed; `rank` orders projects by their first change, if not simultaneous."""

    rank: int
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class ComposeCli:
    """Implements `run.engine.Compose`; times are seconds.

    `find` returns the id of a container by its name, because Compose's output for one-off containers varies by version.
    """

    cli: DockerCli
    find: Callable[[str], str | None]
    _projects: dict[str, _Project] = field(default_factory=dict)

    # Without a project
    def version(self) -> str:
        """Return the version that Docker Compose reports; raise EngineError if there is no working Compose."""
        self.cli.require()
        try:
            return self._make(Order("compose.version")).strip().lstrip("v")
        except EngineTimeoutError:
            raise
        except EngineCallError as error:
            broken = next(compose_plugins(self.cli.environment), None)
            is_unknown = error.return_code in _NO_SUCH_COMMAND
            if is_unknown and broken is None:
                raise EngineError("Docker Compose v2 is not installed", INSTALL_COMPOSE) from None
            said = f"{broken} is not a working plugin" if is_unknown else error.message
            raise EngineError(f"Docker Compose v2 cannot be run: {said}", INSTALL_COMPOSE) from None

    def pull(self, image: str, timeout: float, platform: str | None = None) -> None:
        """Pull an image."""
        self.cli.pull(image, timeout, platform)

    # Reading a project
    def config(self, project: ComposeProject, *, interpolate: bool = True) -> str:
        """Return the project as Compose resolves it, as JSON."""
        more = [] if interpolate else ["--no-interpolate"]
        try:
            output = self._look(project, ["--format", "json", *more])
        except EngineTimeoutError:
            raise
        except EngineCallError as error:
            # Compose can write as YAML what it cannot write as JSON (2.40: a key of `build.ssh` with a path).
            with suppress(EngineCallError):
                return json.dumps(read_plain(self._look(project, more)))
            raise error from None
        # Compose 2.25.0 prints YAML for any format.
        return output if output.startswith("{") else json.dumps(read_plain(output))

    def config_text(self, project: ComposeProject, *, interpolate: bool = False) -> str:
        """Return the project as one YAML document, with its variables left as references or replaced."""
        return self._look(project, [] if interpolate else ["--no-interpolate"])

    def _look(self, project: ComposeProject, options: list[str]) -> str:
        return self._of(project, Order("compose.config", {"options": options}))

    # Changing a project
    def build(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Build the images of these services."""
        names = list(services)
        order = Order("compose.build", {"quiet": True, "services": names}, " ".join(names))
        self._change(project, order, timeout, may_wait=True)

    def up(
        self,
        project: ComposeProject,
        services: Iterable[str],
        *,
        with_dependencies: bool,
        timeout: float,
        may_wait: bool = False,
    ) -> None:
        """Create and start services that do not run, without recreating existing ones or waiting for health."""
        self._change(project, _up(services, with_dependencies=with_dependencies), timeout, may_wait=may_wait)

    def create(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Create the containers of services, without what they depend on, and do not start them."""
        self._change(project, _up(services, with_dependencies=False, start=False), timeout)

    def run_detached(
        self,
        project: ComposeProject,
        service: str,
        *,
        name: str,
        command: Iterable[str] | None,
        environment: Mapping[str, str],
        labels: Mapping[str, str],
        timeout: float,
    ) -> str:
        """Start a one-off container of a service under its aliases, without ports or dependencies; return its id."""
        options = {"detach": True, "dependencies": False, "use_aliases": True, "tty": False}
        arguments = {"service": service, "command": list(command or ()), "name": name, "labels": dict(labels)}
        project, more = _with_environment(project, service, environment)
        order = Order("compose.run", {**options, **arguments}, service, environment=more)
        self._change(project, order, timeout)
        found = self.find(name)
        if found is None:
            raise EngineError(f"Compose started {name}, but it is not there")
        return found

    # Interruption
    def interrupt(self) -> None:
        """End every build, pull, up and run that is under way; they raise EngineCallError. Later calls work."""
        self.cli.calls.interrupt()

    def settle(self) -> bool:
        """Wait until the engine has finished the work of interrupted calls; False if none was interrupted."""
        return self.cli.calls.settle()

    def _change(self, project: ComposeProject, order: Order, timeout: float, *, may_wait: bool = False) -> None:
        """Change a project: one call at a time, because two would create its network twice.

        Among waiting calls, the project that was changed first comes first. A call that may wait for something does not
        count towards the limit of calls at once.
        """
        since = self.cli.calls.interrupts
        own = self._projects.setdefault(project.name, _Project(len(self._projects) + 1))
        terms = Terms(timeout, is_short=False, is_change=not may_wait, is_interruptible=True, rank=own.rank)
        with own.lock:
            self._of(project, order, terms, since)

    def _of(self, project: ComposeProject, order: Order, terms: Terms | None = None, since: int | None = None) -> str:
        # The library has no `-f -`, so documents go to files for this user alone. They have references, no values.
        with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
            client = {
                "compose_project_name": project.name,
                "compose_project_directory": project.directory,
                "compose_files": _files(project, Path(scratch)),
                "compose_env_files": list(project.env_files),
            }
            # For `${COMPOSE_PROJECT_NAME}`: in Compose 2.24 an `.env` file overrides the project's own name.
            environment = {**project.environment, "COMPOSE_PROJECT_NAME": project.name, **order.environment}
            return self._make(replace(order, client=client, environment=environment), terms, since)

    def _make(self, order: Order, terms: Terms | None = None, since: int | None = None) -> str:
        """Call the Compose plugin directly, without Docker in between, if it is found: that saves 40 ms or so."""
        plugin = compose_plugin(self.cli.environment)
        client = {**order.client, **({"client_call": [plugin]} if plugin else {})}
        environment = {**_QUIET, **(_AS_PLUGIN if plugin else {}), **order.environment}
        return self.cli.make(replace(order, client=client, environment=environment), terms, since)


def _up(services: Iterable[str], *, with_dependencies: bool, start: bool = True) -> Order:
    options = {"quiet": True, "detach": True, "recreate": False, "no_build": True, "start": start}
    # The library makes no call for an empty list, and Compose means all services if none is named.
    names = list(services)
    named = {"dependencies": with_dependencies, "services": names or None}
    return Order("compose.up", {**options, **named}, " ".join(names))


def _files(project: ComposeProject, scratch: Path) -> list[str]:
    return [
        _written(source.text, scratch / f"{at}.yml") if isinstance(source, ComposeText) else source.path
        for at, source in enumerate(project.sources)
    ]


def _written(text: str, path: Path) -> str:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return str(path)


def _with_environment(
    project: ComposeProject, service: str, values: Mapping[str, str]
) -> tuple[ComposeProject, dict[str, str]]:
    """Add variables to a service; return the project and the environment that the call then needs.

    The values travel under names of our own, never on a command line, so that a `PATH`, `HTTP_PROXY` or `TAG` for the
    container affects neither the call nor the project's own variables.
    """
    if not values:
        return project, {}
    references = {name: f"${{{_VALUE}{at}}}" for at, name in enumerate(values)}
    document = dump(as_mapping({"services": {service: {"environment": references}}}))
    environment = {f"{_VALUE}{at}": value for at, value in enumerate(values.values())}
    return replace(project, sources=(*project.sources, ComposeText(document))), environment
