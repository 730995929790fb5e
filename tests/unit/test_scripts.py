"""The scripts behind `make demo` and `make test`, with stand-ins for what they install and start."""

import os
import subprocess
from pathlib import Path

import pytest

from fastflow.engines.docker import OLDEST_COMPOSE

SCRIPTS = Path(__file__).parents[2] / "scripts"
DOCKER = """
case "$*" in
  version*) [ -e "$TOOLS/answers" ] && echo 29.0.0 && exit; echo "no engine: $DOCKER_HOST" >&2; exit 1 ;;
  "context inspect"*Name*) echo "${DOCKER_CONTEXT:-default}" ;;
  "context inspect"*) echo unix:///var/run/docker.sock ;;
  compose*) echo "${COMPOSE_IS:-5.6.1}" ;;
esac
"""
APT = """
[ "$1" = install ] || exit 0
for package; do
  echo "$package" >>"$TOOLS/installed"
  [ -e "$TOOLS/packages/$package" ] && cp "$TOOLS/packages/$package/"* "$TOOLS/" || true
done
"""


class Machine:
    """A machine with nothing but what a test puts into its directory of commands."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools
        self.borrow("bash", "sh", "dirname", "mkdir", "cat", "sleep", "tail", "setsid", "awk", "cp", "rm", "touch")
        self.command("id", "echo 0")
        self.command("apt-get", APT)

    def borrow(self, *names: str) -> None:
        """Add commands of the machine that the tests run on."""
        for name in names:
            found = next(path for place in os.get_exec_path() if (path := Path(place) / name).exists())
            (self.tools / name).symlink_to(found)

    def command(self, name: str, body: str, package: str | None = None) -> None:
        """Add a command; that of a package is there when the package is installed."""
        place = self.tools / "packages" / package if package else self.tools
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\n{body}\n")
        (place / name).chmod(0o755)

    def engine(self, **more: str) -> tuple[int, str]:
        """Run scripts/engine; return its exit code and what it printed."""
        environment = {"PATH": str(self.tools), "TOOLS": str(self.tools), "HOME": str(self.tools), **more}
        script = self.tools / "repository" / "scripts" / "engine"
        script.parent.mkdir(parents=True)
        script.write_bytes((SCRIPTS / "engine").read_bytes())
        words = [self.tools / "bash", script]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    @property
    def installed(self) -> list[str]:
        """The packages that were asked for, without options."""
        words = (self.tools / "installed").read_text().split() if (self.tools / "installed").exists() else []
        return [word for word in words if word != "install" and not word.startswith("-")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


DOCKERD = 'touch "$TOOLS/answers"; exec sleep 5'


def test_debian_12_has_engine_and_command_line_in_one_package(machine: Machine) -> None:
    machine.command("dockerd", DOCKERD, "docker.io")
    machine.command("docker", DOCKER, "docker.io")
    code, said = machine.engine()
    assert code == 0, said
    assert machine.installed == ["docker.io", "iptables"]


def test_debian_13_has_the_command_line_in_a_package_of_its_own(machine: Machine) -> None:
    machine.command("dockerd", DOCKERD, "docker.io")
    machine.command("docker", DOCKER, "docker-cli")
    code, said = machine.engine()
    assert code == 0, said
    assert machine.installed == ["docker.io", "iptables", "docker-cli"]
    assert "Docker 29.0.0" in said


def test_only_the_engine_is_missing(machine: Machine) -> None:
    machine.command("docker", DOCKER)
    machine.command("dockerd", DOCKERD, "docker.io")
    assert machine.engine()[0] == 0
    assert machine.installed == ["docker.io", "iptables"]


def test_a_package_without_the_command_is_named(machine: Machine) -> None:
    code, said = machine.engine()
    assert (code, "docker.io and docker-cli do not contain docker" in said) == (1, True)


def test_an_engine_that_does_not_answer_on_docker_host_is_named_with_the_reason(machine: Machine) -> None:
    machine.command("docker", DOCKER)
    code, said = machine.engine(DOCKER_HOST="tcp://ci:2375")
    assert (code, machine.installed) == (1, [])
    assert "No Docker engine answers on DOCKER_HOST=tcp://ci:2375: no engine: tcp://ci:2375" in said


def test_no_engine_is_started_beside_another_context(machine: Machine) -> None:
    machine.command("docker", DOCKER)
    machine.command("dockerd", DOCKERD)
    code, said = machine.engine(DOCKER_CONTEXT="farm")
    assert (code, "No Docker engine answers in the context farm" in said) == (1, True)
    assert not (machine.tools / "answers").exists()


def test_a_user_who_may_not_start_the_engine_sees_why_it_does_not_answer(machine: Machine) -> None:
    machine.command("docker", DOCKER)
    machine.command("dockerd", DOCKERD)
    machine.command("id", "echo 1000")
    code, said = machine.engine()
    assert (code, "No Docker engine answers: no engine" in said) == (1, True)


@pytest.mark.parametrize(
    ("version", "code"),
    [("v2.24.5", 1), ("2.9.0", 1), ("2.24.6", 0), ("2.24.6+ds1-0ubuntu2", 0), ("v2.100.0-desktop.1", 0), ("10.0.0", 0)],
)
def test_a_compose_that_is_too_old_is_refused_by_its_version(version: str, code: int, machine: Machine) -> None:
    machine.command("docker", DOCKER)
    (machine.tools / "answers").touch()
    ended, said = machine.engine(COMPOSE_IS=version)
    assert ended == code, said
    assert (f"Docker Compose {version.lstrip('v')} is too old; 2.24.6 or newer is needed." in said) == bool(code)


def test_the_oldest_compose_is_one_version_everywhere() -> None:
    oldest = ".".join(map(str, OLDEST_COMPOSE))
    root = SCRIPTS.parent
    for name in ("README.md", "docs/explanation/a-run.md", "docs/decisions/0003-users-compose-files-as-they-are.md"):
        assert f"{oldest} or newer" in (root / name).read_text(), name
    assert f"oldest_compose={oldest}\n" in (SCRIPTS / "engine").read_text()


SCANNERS = """
name() { printf '%s' "$1" | tr -c 'a-z0-9\\n' _; }
echo "$*" >>"$TOOLS/calls"
case "$*" in
  "image inspect --format"*) [ -e "$TOOLS/images/$(name "$5")" ] && echo sha ;;
  "image inspect"*) [ -e "$TOOLS/images/$(name "$3")" ] ;;
  "pull"*) [ -e "$TOOLS/registry" ] && touch "$TOOLS/images/$(name "$3")" ;;
  "images"*) [ -e "$TOOLS/stood-in" ] && echo sha || true ;;
  "run"*) echo 3.11 ;;
  "build"*) touch "$TOOLS/images/$(name "$4")"; echo sha ;;
esac
"""


@pytest.fixture
def builder(machine: Machine) -> Machine:
    """A machine with an engine that builds everything, PyPI, and Debian's packages."""
    machine.borrow("basename", "cut", "find", "mktemp", "mv", "printf", "sha256sum", "tr")
    (machine.tools / "images").mkdir()
    machine.command("docker", SCANNERS)
    machine.command("python", 'echo "pip $*" >>"$TOOLS/calls"')
    machine.command("dpkg-deb", "true")
    return machine


def make_scanners(builder: Machine) -> list[str]:
    """Run scripts/scanners; return what it called."""
    (builder.tools / "calls").unlink(missing_ok=True)
    environment = {"PATH": str(builder.tools), "TOOLS": str(builder.tools), "TMPDIR": str(builder.tools)}
    words = [builder.tools / "bash", SCRIPTS / "scanners", builder.tools / "state", builder.tools / "python"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return (builder.tools / "calls").read_text().splitlines()


def built(calls: list[str], base: str) -> list[str]:
    """The images that were built on a base, in turn."""
    return [call.split()[3] for call in calls if call.startswith("build") and f"BASE={base}" in call]


ADAPTERS = ["fastflow-schemathesis", "fastflow-sqlmap", "fastflow-wapiti"]


def test_scanners_are_built_on_python_from_the_registry_and_mitmproxy_is_pulled(builder: Machine) -> None:
    (builder.tools / "registry").touch()
    calls = make_scanners(builder)
    assert built(calls, "python:3.12-slim") == ADAPTERS
    assert not [call for call in calls if call.startswith(("pip", "tag"))]


def test_without_a_registry_packages_are_fetched_once_and_mitmproxy_gets_a_stand_in(builder: Machine) -> None:
    calls = make_scanners(builder)
    assert built(calls, "fastflow-scanner-python:3") == ["fastflow-mitmproxy", *ADAPTERS]
    assert "tag fastflow-mitmproxy mitmproxy/mitmproxy" in calls
    assert [call for call in calls if "pip download" in call and "wapiti/requirements.txt" in call]
    (builder.tools / "stood-in").touch()
    again = make_scanners(builder)
    assert not [call for call in again if call.startswith(("pip", "pull"))]
    assert built(again, "fastflow-scanner-python:3") == ["fastflow-mitmproxy", *ADAPTERS]


def test_an_image_of_mitmproxy_that_is_there_is_not_replaced(builder: Machine) -> None:
    (builder.tools / "images" / "mitmproxy_mitmproxy").touch()
    calls = make_scanners(builder)
    assert built(calls, "fastflow-scanner-python:3") == ADAPTERS
    assert not [call for call in calls if call.startswith("tag")]
