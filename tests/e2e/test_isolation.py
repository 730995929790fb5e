"""What others made on the engine stays as it is, and workflows never meet."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine

from .runs import RECORD, Fastflow, docker, spec, workflow

pytestmark = pytest.mark.e2e

COMPOSE = """
services:
  app:
    image: fastflow-python:3
    command: [python3, -m, http.server, "80", --directory, /data]
    stop_signal: SIGKILL
    volumes: [named:/data, own:/own]
    networks: [main]
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [wget, -q, -O, /dev/null, "http://app/"]
    environment: { http_proxy: "http://fast:8080" }
    networks: [main]
networks: { main: {} }
volumes: { named: { name: NAME }, own: {} }
"""


@pytest.fixture
def developer(docker_engine: DockerEngine, docker_project: str, tmp_path: Path) -> Iterator[str]:
    """A project that a developer has up, of the Compose file that the spec uses too; its name, and the volume's."""
    (tmp_path / "docker-compose.yml").write_text(COMPOSE.replace("NAME", docker_project))
    up = ["compose", "-p", docker_project, "-f", str(tmp_path / "docker-compose.yml"), "up", "-d", "app"]
    docker(docker_engine, up)
    docker(
        docker_engine,
        ["exec", f"{docker_project}-app-1", "sh", "-c", "echo precious > /data/kept; echo own > /own/kept"],
    )
    yield docker_project
    docker(docker_engine, ["compose", "-p", docker_project, "-f", up[4], "down", "-v"])


def state_of(engine: DockerEngine, project: str) -> object:
    """All that the engine has of a project, as it is."""
    label = {"com.docker.compose.project": project}
    containers = [(found.id, found.status, found.started_at) for found in engine.api.containers(label)]
    return containers, engine.api.networks(label), engine.api.volumes(label), engine.api.images(label)


def test_what_a_developer_has_of_the_same_compose_file_is_untouched(
    fastflow: Fastflow, docker_engine: DockerEngine, developer: str, build_id: str
) -> None:
    before = state_of(docker_engine, developer)
    record = textwrap.indent(RECORD.strip(), " " * 8)
    test = "{ mode: testing, test_run_uri: http://app:80, services: { app: { log: Serving HTTP } } }"
    fastflow.write(
        f"workflows:\n  web:\n    build_id: {build_id}\n    compose: docker-compose.yml\n"
        f"    nodes:\n      record:\n{record}\n      test: {test}\n"
    )
    ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.err
    assert state_of(docker_engine, developer) == before
    read = ["exec", f"{developer}-app-1", "cat", "/data/kept", "/own/kept"]
    assert docker(docker_engine, read) == "precious\nown\n"


EXTERNAL = """
services:
  app-{name}:
    image: fastflow-python:3
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
    networks: [shared]
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [sh, -c, "for n in 1 2 3 4 5 6 7 8; do wget -q -O /dev/null http://app-{name}/?n=$$n || exit 1; done"]
    environment: {{ http_proxy: "http://{alias}:8080" }}
    networks: [shared]
networks: {{ shared: {{ external: true, name: {network} }} }}
"""


@pytest.fixture
def network(docker_engine: DockerEngine, docker_project: str) -> Iterator[str]:
    """An external network that two workflows share."""
    docker(docker_engine, ["network", "create", docker_project])
    yield docker_project
    docker(docker_engine, ["network", "rm", docker_project])


def on_network(network: str, build_id: str, aliases: tuple[str, str]) -> str:
    workflows = {}
    for name, alias in zip(("one", "two"), aliases, strict=True):
        record = RECORD.replace("app", f"app-{name}") + f"alias: {alias}\n"
        test = f"mode: testing\ntest_run_uri: http://app-{name}:80\nalias: tester-{name}\n"
        application = EXTERNAL.format(name=name, alias=alias, network=network)
        workflows[name] = workflow(f"{build_id}{name}", {"record": record, "test": test}, application=application)
    return spec(workflows)


def test_equal_aliases_on_one_external_network_are_refused(fastflow: Fastflow, network: str, build_id: str) -> None:
    fastflow.write(on_network(network, build_id, ("fast", "fast")))
    ended = fastflow("up", "--emulate")
    assert ended.code == 2
    assert "service-conflict" in ended.err
    assert ended.runs == []


def test_two_workflows_on_one_external_network_record_their_own_requests_only(
    fastflow: Fastflow, docker_engine: DockerEngine, network: str, build_id: str
) -> None:
    fastflow.write(on_network(network, build_id, ("fast-one", "fast-two")))
    ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.out + ended.err
    for phase in ended.result["phases"]:
        if phase["mode"] == "testing":
            report = json.loads(Path(next(path for path in phase["reports"] if path.endswith(".json"))).read_text())
            assert baselines(report) == 8
    assert docker(docker_engine, ["network", "inspect", network, "--format", "{{len .Containers}}"]).strip() == "0"


def baselines(report: dict[str, object]) -> int:
    """How many baseline requests a report is about."""
    found = report.get("baseline_count", report.get("baselines"))
    return len(found) if isinstance(found, list) else int(str(found))
