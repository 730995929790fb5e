"""A real engine for tests, and projects on it that are gone when a test has ended."""

import fcntl
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow.compose import ComposeProject, ComposeText
from fastflow.emulation.image import image_name
from fastflow.engines.docker import DockerEngine
from fastflow.model.host import AGENT_IMAGE

from .cluster_runs import Examples
from .runs import BINARY, RUN_LABEL, Fastflow, left_of
from .swarms import Swarm, own_swarm

IMAGE = "fastflow-python:3"
PROJECT = "com.docker.compose.project"
TEST = "io.fastflow.test"


@pytest.hookimpl(trylast=True)  # when `-m "not e2e"` has left nothing that needs Compose, Compose is not asked
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the Compose that is here is too old for."""
    since = {item: mark.args[0] for item in items if (mark := item.get_closest_marker("compose_since"))}
    if since:
        version = _numbers(DockerEngine(engine_environment()).compose_version())
        newer = [item for item in since if version < _numbers(since[item])]
        items[:] = [item for item in items if item not in newer]
        config.hook.pytest_deselected(items=newer)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def engine_environment() -> dict[str, str]:
    """What the command line of Docker needs, without anything that would steer Compose."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}


@pytest.fixture(scope="session")
def docker_engine() -> DockerEngine:
    engine = DockerEngine(engine_environment())
    engine.info()
    return engine


@pytest.fixture(scope="session")
def busybox_image(docker_engine: DockerEngine) -> str:
    """An image with Python and a busybox shell."""
    if docker_engine.api.missing_images([IMAGE]):
        pytest.fail(f"the image {IMAGE} is missing; make it with `make images`")
    return IMAGE


@pytest.fixture
def project_name() -> str:
    return f"fastflow-test-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def docker_project(docker_engine: DockerEngine, project_name: str) -> Iterator[str]:
    """The name of a Compose project; what carries its label, or the label `io.fastflow.test` with it, is removed."""
    yield project_name
    sweep(docker_engine, project_name)


def sweep(engine: DockerEngine, name: str) -> None:
    """Remove all of a project and all with its test label."""
    for label in (PROJECT, TEST):
        engine.api.remove_containers(found.id for found in engine.api.containers({label: name}))
    engine.api.remove_networks(engine.api.networks({PROJECT: name}))
    engine.api.remove_volumes(engine.api.volumes({PROJECT: name}))
    engine.api.remove_images(image for label in (PROJECT, TEST) for image in engine.api.images({label: name}))


def text_project(name: str, directory: str, *texts: str) -> ComposeProject:
    """A project of Compose documents."""
    return ComposeProject(name, directory, tuple(ComposeText(text) for text in texts))


@pytest.fixture
def fastflow(docker_engine: DockerEngine, busybox_image: str, tmp_path: Path) -> Iterator[Fastflow]:
    """fastflow in a scratch directory. When the test has ended, nothing of its runs may be left on the engine."""
    yield Fastflow(tmp_path)
    runs = [path.name for path in tmp_path.glob("**/.fastflow/runs/*")]
    left = [entry for run in runs for entry in left_of(docker_engine, run)]
    for run in runs:
        docker_engine.api.remove_containers(found.id for found in docker_engine.api.containers({RUN_LABEL: run}))
        docker_engine.api.remove_networks(docker_engine.api.networks({RUN_LABEL: run}))
        docker_engine.api.remove_volumes(docker_engine.api.volumes({RUN_LABEL: run}))
    assert left == []


@pytest.fixture
def build_id() -> str:
    """A BUILD_ID of this test alone: tests run side by side with one token."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def swarm() -> Iterator[Swarm]:
    """A swarm of two engines of its own, which have the emulator's images."""
    with own_swarm(2, (IMAGE, image_name())) as made:
        yield made


@pytest.fixture(scope="session")
def swarm_with_agent(swarm: Swarm, tmp_path_factory: pytest.TempPathFactory) -> Swarm:
    """The same, whose nodes have the agent's image; one worker of a session makes it for all."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    archive, machines = shared / "agent.tar", swarm.machines
    with (shared / "agent.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            environment = {**swarm.environment, "DOCKER_HOST": swarm.manager.docker_host}
            subprocess.run([BINARY, "agent", "build"], env=environment, check=True)
            swarm.manager.docker("save", "--output", str(archive), AGENT_IMAGE)
            machines = machines[1:]
    for machine in machines:
        machine.docker("load", "--quiet", "--input", str(archive))
    return swarm


@pytest.fixture
def examples(tmp_path: Path, swarm_with_agent: Swarm) -> Examples:
    return Examples(tmp_path, swarm_with_agent)
