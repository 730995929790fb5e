"""Docker Engine and Docker Compose v2, by way of python-on-whales. The only home of python_on_whales."""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from fastflow.compose import ComposeFile, ComposeProject, ComposeText
from fastflow.engines.inspection import container_of, event_of
from fastflow.engines.lease import ContainerLease
from fastflow.engines.process import Caller, LineStream, kill_group
from fastflow.errors import EngineCallError, EngineError
from fastflow.run.ports import Container, ContainerEvent, EngineInfo, Lease

OLDEST_COMPOSE = (2, 24, 4)
CALL_TIMEOUT = 60.0
_PLUGIN_DIRECTORIES = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


class DockerEngine:
    """The engine that the environment, a context or an address leads to. Implements `run.ports.Engine`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        context: str | None = None,
        docker_host: str | None = None,
        call_timeout: float = CALL_TIMEOUT,
    ) -> None:
        self._environment = dict(environment)
        if docker_host is not None:
            self._environment["DOCKER_HOST"] = docker_host
            self._environment.pop("DOCKER_CONTEXT", None)
        self._context = context
        self._calls = Caller(self._environment)
        self._timeout = call_timeout
        self._since: str | None = None

    # What answers
    def info(self) -> EngineInfo:
        """Tell what answers; raise EngineError where no engine or no Compose v2 does."""
        told = json.loads(self._docker("version", "--format", "{{json .}}"))
        server = told.get("Server") or {}
        compose = self._compose_version()
        address = self._address(str((told.get("Client") or {}).get("Context") or "default"))
        self._since = json.loads(self._docker("info", "--format", "{{json .SystemTime}}"))
        is_local = address.startswith("unix://") or re.match(r"tcp://(localhost|127\.|\[::1\])", address) is not None
        return EngineInfo(str(server.get("Version", "?")), compose, address, is_local)

    def _compose_version(self) -> str:
        hint = "install the plugin of Docker Compose v2 (docker-compose-plugin)"
        try:
            version = self._compose_call(["version", "--short"], self._timeout).strip().lstrip("v")
        except EngineError:
            raise EngineError("Docker Compose v2 is not installed", hint) from None
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
        if numbers < OLDEST_COMPOSE:
            wanted = ".".join(map(str, OLDEST_COMPOSE))
            raise EngineError(f"Docker Compose {version} is too old; {wanted} or newer is needed", hint)
        return version

    def _address(self, context: str) -> str:
        if self._context is None and self._environment.get("DOCKER_HOST"):
            return self._environment["DOCKER_HOST"]
        told = self._docker("context", "inspect", self._context or context, "--format", "{{.Endpoints.docker.Host}}")
        return told.strip()

    # Images
    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        return tuple(image for image in dict.fromkeys(images) if not self._exists("image", image))

    def pull(self, image: str, timeout: float) -> None:
        """Pull an image."""
        self._docker("pull", "--quiet", image, timeout=timeout, interruptible=True)

    # Compose
    def config(self, project: ComposeProject, *, interpolate: bool = True) -> str:
        """Return the project as Compose resolves it, as JSON."""
        more = [] if interpolate else ["--no-interpolate"]
        return self._compose(project, ["--profile", "*"], ["config", "--format", "json", *more])

    def config_text(self, project: ComposeProject) -> str:
        """Return the project as one YAML document with its variables left as references."""
        return self._compose(project, ["--profile", "*"], ["config", "--no-interpolate"])

    def build(self, project: ComposeProject, timeout: float) -> None:
        """Build the images of the project's services that have a `build`."""
        self._compose(project, [], ["build", "--quiet"], timeout=timeout, interruptible=True)

    def up(self, project: ComposeProject, services: Iterable[str], *, with_dependencies: bool, timeout: float) -> None:
        """Create and start services that do not run, never recreate one, and do not wait for health."""
        options = ["up", "--detach", "--no-recreate", "--no-build", "--quiet-pull"]
        options += [] if with_dependencies else ["--no-deps"]
        self._compose(project, ["--profile", "*"], [*options, *services], timeout=timeout, interruptible=True)

    def create(self, project: ComposeProject, service: str, timeout: float) -> None:
        """Create the container of one service, without its dependencies, and do not start it."""
        command = ["up", "--no-start", "--no-deps", "--no-recreate", "--no-build", "--quiet-pull", service]
        self._compose(project, ["--profile", "*"], command, timeout=timeout, interruptible=True)

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
        """Start a one-off container of a service under its aliases; return its id."""
        options = ["run", "--detach", "--no-deps", "--use-aliases", "--quiet-pull", "--name", name]
        # Names only: the values reach Compose through the environment of the call.
        options += [option for variable in environment for option in ("--env", variable)]
        options += [option for key, value in labels.items() for option in ("--label", f"{key}={value}")]
        self._compose(
            project,
            ["--profile", "*"],
            [*options, service, *(command or ())],
            timeout=timeout,
            interruptible=True,
            more=environment,
        )
        return self._docker("inspect", "--type", "container", "--format", "{{.Id}}", name).strip()

    # Containers
    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels."""
        return self.inspect(self._docker("ps", "-aq", "--no-trunc", *_filters(labels)).split())

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        wanted = list(ids)
        if not wanted:
            return ()
        try:
            told = self._docker("inspect", "--type", "container", *wanted)
        except EngineCallError as error:
            if "no such container" not in error.output.lower():
                raise
            found = error.output[error.output.find("[") : error.output.rfind("]") + 1]
            told = found if found.startswith("[\n") or found == "[]" else "[]"
        return tuple(container_of(entry) for entry in json.loads(told))

    def start(self, container_id: str) -> None:
        """Start a created container."""
        self._docker("start", container_id)

    def stop(self, container_id: str, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds; a container that is gone is fine."""
        with _unless_gone():
            self._docker("stop", "--time", str(max(0, round(grace))), container_id, timeout=self._timeout + grace)

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers with their anonymous volumes; those that are gone are fine."""
        self._remove(["rm", "--force", "--volumes"], ids)

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Copy what is in a directory of a container into `target`; False where it does not exist."""
        target.mkdir(parents=True, exist_ok=True)
        try:
            self._docker("cp", f"{container_id}:{path}/.", str(target))
        except EngineCallError as error:
            if "could not find" in error.output.lower() or "no such" in error.output.lower():
                return False
            raise
        _drop_links(target)
        return True

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Run a command in a running container and return its exit code."""
        try:
            self._docker("exec", container_id, *command, timeout=timeout)
        except EngineCallError as error:
            return error.return_code if error.return_code is not None else -1
        return 0

    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> LineStream:
        """Give every line of a container's log from its first, as it comes."""
        return self._calls.stream([*self._prefix, "logs", "--follow", container_id], on_line)

    def events(self, on_event: Callable[[ContainerEvent], None]) -> LineStream:
        """Give every container event of the engine since `info` was asked."""
        since = ["--since", self._since] if self._since else []
        command = [*self._prefix, "events", "--format", "{{json .}}", "--filter", "type=container", *since]
        return self._calls.stream(command, lambda line: _on_event(line, on_event))

    # What else a project leaves behind
    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""
        return tuple(self._docker("network", "ls", "-q", "--no-trunc", *_filters(labels)).split())

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""
        self._remove(["network", "rm"], ids)

    def volumes(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the names of the volumes that carry these labels."""
        return tuple(self._docker("volume", "ls", "-q", *_filters(labels)).split())

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes; those that are gone are fine."""
        self._remove(["volume", "rm", "--force"], names)

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the references of the images that carry these labels."""
        told = self._docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", *_filters(labels))
        pairs = [line.split() for line in told.splitlines()]
        return tuple(dict.fromkeys(image if "<none>" in name else name for name, image in pairs))

    def remove_images(self, references: Iterable[str]) -> None:
        """Remove image references; those that are gone or in use are fine."""
        for reference in references:
            try:
                self._docker("image", "rm", reference)
            except EngineCallError as error:
                if not re.search(r"no such image|is being used|is using|conflict", error.output, re.IGNORECASE):
                    raise

    # The lease
    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> Lease | None:
        """Take a container name for as long as this process lives; None where it is taken."""
        options = [option for key, value in labels.items() for option in ("--label", f"{key}={value}")]
        command = ["run", "--interactive", "--rm", "--network", "none", "--name", name, *options, "--entrypoint", "sh"]
        process = self._calls.open([*self._prefix, *command, image, "-c", "echo held && exec cat >/dev/null"])
        assert process.stdout is not None
        if process.stdout.readline().strip() == b"held":
            held = self.inspect([name])
            return ContainerLease(held[0].id if held else name, process, self)
        assert process.stderr is not None
        output = process.stderr.read().decode(errors="replace")
        kill_group(process)
        process.wait()
        if "is already in use" in output:
            return None
        raise EngineError(f"the lease {name} could not be taken: {output.strip()[-300:]}", "is the node's image sound?")

    def interrupt(self) -> None:
        """End every build, pull, up and run that is under way."""
        self._calls.interrupt()

    # Calls
    @cached_property
    def _commands(self) -> tuple[list[str], list[str]]:
        """How python-on-whales would call Docker and Docker Compose."""
        from python_on_whales import DockerClient  # noqa: PLC0415  # 0.2 s that no other command needs

        client = DockerClient(context=self._context)
        return [str(word) for word in client.docker_cmd], [str(word) for word in client.compose.docker_compose_cmd]

    @property
    def _prefix(self) -> list[str]:
        return self._commands[0]

    @cached_property
    def _compose_prefix(self) -> list[str]:
        """The plugin itself where it can be called directly: half the time of a call (docs/decisions/0001)."""
        plugin = self._plugin()
        return [plugin] if plugin else self._commands[1]

    def _plugin(self) -> str | None:
        if self._context is not None or self._environment.get("DOCKER_CONTEXT"):
            return None
        home = Path(self._environment.get("DOCKER_CONFIG") or Path(self._environment.get("HOME", "/")) / ".docker")
        if not self._environment.get("DOCKER_HOST"):
            with suppress(OSError, ValueError, AttributeError):
                if json.loads((home / "config.json").read_text()).get("currentContext", "default") != "default":
                    return None
        candidates = (str(home / "cli-plugins"), *_PLUGIN_DIRECTORIES)
        found = (f"{directory}/docker-compose" for directory in candidates)
        return next((path for path in found if os.access(path, os.X_OK)), None)

    def docker(self, arguments: Iterable[str], *, timeout: float | None = None, stdin: str = "") -> str:
        """Call the Docker command line; for what is not part of a run, such as the emulator's own container."""
        return self._docker(*arguments, timeout=timeout, stdin=stdin)

    def _docker(
        self, *arguments: str, timeout: float | None = None, interruptible: bool = False, stdin: str = ""
    ) -> str:
        command = [*self._prefix, *arguments]
        return self._calls.call(command, timeout=timeout or self._timeout, interruptible=interruptible, stdin=stdin)

    def _compose_call(self, arguments: list[str], timeout: float, stdin: str = "") -> str:
        return self._calls.call([*self._compose_prefix, *arguments], timeout=timeout, stdin=stdin)

    def _compose(
        self,
        project: ComposeProject,
        options: list[str],
        command: list[str],
        *,
        timeout: float | None = None,
        interruptible: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> str:
        with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
            files, stdin = _sources(project, Path(scratch))
            where = ["--project-name", project.name, "--project-directory", project.directory]
            env_files = [word for path in project.env_files for word in ("--env-file", path)]
            words = ["--ansi", "never", "--progress", "quiet", *where, *files, *env_files, *options, *command]
            return self._calls.call(
                [*self._compose_prefix, *words],
                timeout=timeout or self._timeout,
                stdin=stdin,
                more=more,
                interruptible=interruptible,
            )

    def _exists(self, kind: str, name: str) -> bool:
        try:
            self._docker(kind, "inspect", "--format", "{{.Id}}", name)
        except EngineCallError as error:
            if "no such" in error.output.lower():
                return False
            raise
        return True

    def _remove(self, command: list[str], names: Iterable[str]) -> None:
        """Remove all at once; where that fails, one by one, so that none keeps another from going."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return
        try:
            self._docker(*command, *wanted)
        except EngineCallError as error:
            if len(wanted) > 1:
                for name in wanted:
                    self._remove(command, [name])
            elif not re.search(r"no such|not found|already in progress", error.output, re.IGNORECASE):
                raise


def _filters(labels: Mapping[str, str | None]) -> list[str]:
    pairs = (key if value is None else f"{key}={value}" for key, value in labels.items())
    return [word for pair in pairs for word in ("--filter", f"label={pair}")]


def _sources(project: ComposeProject, scratch: Path) -> tuple[list[str], str]:
    """The `-f` options of a project and what goes to stdin: its trailing texts as the documents of one stream."""
    sources = list(project.sources)
    trailing: list[str] = []
    while sources and isinstance(sources[-1], ComposeText):
        last = sources.pop()
        assert isinstance(last, ComposeText)
        trailing.insert(0, last.text)
    words: list[str] = []
    for at, source in enumerate(sources):
        path = source.path if isinstance(source, ComposeFile) else str(scratch / f"{at}.yml")
        if isinstance(source, ComposeText):
            Path(path).write_text(source.text)
        words += ["--file", path]
    return [*words, *(["--file", "-"] if trailing else [])], "\n---\n".join(trailing)


def _on_event(line: str, on_event: Callable[[ContainerEvent], None]) -> None:
    event = event_of(line)
    if event is not None:
        on_event(event)


def _drop_links(directory: Path) -> None:
    """Remove symbolic links: a container may have made them to point anywhere on this machine."""
    for path in directory.rglob("*"):
        if path.is_symlink():
            path.unlink()


class _unless_gone:  # noqa: N801  # reads as a clause
    """Suppresses an error that says that the container is gone or has ended."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        return isinstance(error, EngineCallError) and bool(
            re.search(r"no such container|is not running", error.output, re.IGNORECASE)
        )
