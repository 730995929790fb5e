"""Networks with an explicit name: a developer's stays as it is, and runs share one that is missing."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine
from tests.e2e.live_runs import newest

from .runs import Fastflow, docker, spec, workflow

pytestmark = pytest.mark.e2e

COMPOSE = """
services:
  APP:
    image: fastflow-python:3
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [sh, -c, "for n in 1 2 3; do wget -q -O /dev/null http://APP/?n=$$n || exit 1; done"]
    environment: { http_proxy: "http://ALIAS:8080" }
networks: { default: { name: NETWORK } }
"""
NODES = {
    "record": """
mode: recording
alias: ALIAS
allowed_hosts: [APP]
services: { APP: { log: Serving HTTP } }
source: { service: tests }
""",
    "test": "mode: testing\nservices: { APP: { log: Serving HTTP } }\ntest_run_uri: http://APP:80\n",
}


@pytest.fixture
def network(docker_engine: DockerEngine, docker_project: str) -> Iterator[str]:
    """The name of a network; what has it at the end of the test is removed."""
    yield f"{docker_project}-net"
    docker_engine.api.remove_networks(docker_engine.api.network_ids(f"{docker_project}-net"))


def written(fastflow: Fastflow, network: str, build_id: str, *names: str) -> None:
    """A spec with such workflows on the network, each with an application and an alias of its own."""

    def filled(name: str) -> Callable[[str], str]:
        return lambda text: text.replace("APP", f"app-{name}").replace("ALIAS", f"fast-{name}")

    workflows = {}
    for name in names:
        fill = filled(name)
        application = fill(COMPOSE).replace("NETWORK", network)
        nodes = {node: fill(text) for node, text in NODES.items()}
        workflows[name] = workflow(f"{build_id}{name}", nodes, application=application)
    fastflow.write(spec(workflows))


@contextmanager
def history(engine: DockerEngine, network: str) -> Iterator[list[str]]:
    """What becomes of all networks of that name; complete after the block.

    The events are heard as they come: an engine remembers 256 of them, and tests beside this one make more.
    """
    since = json.loads(docker(engine, ["info", "--format", "{{json .SystemTime}}"]))
    told, last = list[tuple[str, str]](), f"{network}-last"
    words = ["docker", "events", "--since", since, "--filter", "type=network"]
    form = ["--format", "{{.Action}} {{.Actor.Attributes.name}}"]
    with subprocess.Popen([*words, *form], env=engine.environment, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        found: list[str] = []
        try:
            yield found
            docker(engine, ["network", "create", last])
            docker(engine, ["network", "rm", last])
            for line in listening.stdout:
                action, _, name = line.strip().partition(" ")
                told.append((action, name))
                if told[-1] == ("destroy", last):
                    break
        finally:
            listening.kill()
    found += [action for action, name in told if name == network and action in ("create", "destroy")]


@pytest.mark.parametrize("is_up", [True, False])
def test_a_developers_network_stays_as_it_is_and_the_project_starts_afterwards(
    fastflow: Fastflow, docker_engine: DockerEngine, docker_project: str, network: str, build_id: str, is_up: bool
) -> None:
    written(fastflow, network, build_id, "one")
    text = COMPOSE.replace("APP", "app").replace("ALIAS", "fast").replace("NETWORK", network)
    path = fastflow.write(text, "developer/docker-compose.yml")
    compose = ["compose", "-p", docker_project, "-f", str(path)]
    docker(docker_engine, [*compose, "up", "-d"])
    if not is_up:
        docker(docker_engine, [*compose, "stop"])
    look = ["network", "inspect", "--format", "{{.Id}} {{json .Labels}}", network]
    label = {"com.docker.compose.project": docker_project}

    def state() -> object:
        found = docker_engine.api.containers(label)
        return docker(docker_engine, look), [(one.id, one.status, one.started_at) for one in found]

    before = state()
    ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.out + ended.err
    assert state() == before
    docker(docker_engine, [*compose, "up", "-d"])
    assert {found.status for found in docker_engine.api.containers(label)} == {"running"}
    docker(docker_engine, [*compose, "down"])
    assert docker_engine.api.network_ids(network) == ()


def test_workflows_and_runs_share_a_missing_network_which_goes_with_the_last(
    fastflow: Fastflow, docker_engine: DockerEngine, network: str, build_id: str
) -> None:
    first, other = Fastflow(fastflow.directory / "first"), Fastflow(fastflow.directory / "other")
    for one in (first, other):
        one.directory.mkdir()
    written(first, network, build_id, "a", "b")
    written(other, network, build_id, "c")
    with history(docker_engine, network) as found:
        runs = [(one, one.start("up", "--emulate")) for one in (first, other)]
        for one, process in runs:
            ended = one.finish(process)
            assert ended.code == 0, ended.out + ended.err
            assert set(ended.states.values()) == {"passed"}
    assert found
    assert found == ["create", "destroy"] * (len(found) // 2)
    assert docker_engine.api.network_ids(network) == ()


def test_of_two_runs_with_one_alias_on_a_network_the_second_starts_nothing(
    fastflow: Fastflow, network: str, build_id: str, tmp_path: Path
) -> None:
    other = Fastflow(tmp_path / "other")
    other.directory.mkdir()
    written(fastflow, network, build_id, "a")
    written(other, network, f"{build_id}other", "a")
    text = (fastflow.directory / "fastflow.yml").read_text().replace("source: { service: tests }", "")
    fastflow.write(text.replace("[tests]", "[]"))
    with fastflow.running("up", "--emulate"):
        run = newest(fastflow)
        assert fastflow("wait", "a.record", "--for", "ready", "--timeout", "60", "--run", run).code == 0
        refused = other("up", "--emulate")
        assert refused.code == 4, refused.err
        assert f"the alias `fast-a` on the network {network} is in use by run {run}" in refused.err
