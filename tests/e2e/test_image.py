"""The image of fastflow, as CI systems use it: with the engine's socket, and with an engine as a service of the job."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow import __version__
from fastflow.engines.docker import DockerEngine

from .own_engine import OwnEngine, own_engine
from .runs import TOKEN, left_of, spec, workflow

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("package")]
IMAGE = "fastflow-image"
MEGABYTES = 1200
OWNER = 4711  # no user of the image, nor of this machine
# Its page is a bind mount of a path relative to the checkout.
APPLICATION = """
services:
  app:
    image: fastflow-python:3
    command: [python3, -m, http.server, "80", --directory, /pages]
    volumes: ["./pages:/pages:ro"]
    stop_signal: SIGKILL
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [sh, -c, "wget -q -O - 'http://app/page.txt?page=1' | grep -q 'of the checkout'"]
    environment: { http_proxy: "http://fast:8080" }
"""
# Lends the socket that it has to whoever connects, as an engine of a GitLab job's service listens: on a port.
SERVICE = """
import socket, threading
def pump(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
server = socket.create_server(("", 2375))
while True:
    client, _ = server.accept()
    engine = socket.socket(socket.AF_UNIX)
    engine.connect("/var/run/docker.sock")
    for pair in ((client, engine), (engine, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


@pytest.fixture(scope="module")
def engine(docker_engine: DockerEngine) -> Iterator[OwnEngine]:
    """An engine of its own, since another image of the emulator may be built on it; it has fastflow's image."""
    if docker_engine.api.missing_images([IMAGE]):
        pytest.fail(f"the image {IMAGE} is missing; make it with `make image`")
    with own_engine(MEGABYTES) as made:
        with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as saved:
            subprocess.run(["docker", "load", "--quiet"], stdin=saved.stdout, env=made.environment, check=True)
        yield made


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a spec, of an owner that the image does not know."""
    application = tmp_path / "docker-compose.yml"
    application.write_text(APPLICATION)
    text = workflow("image1", application="services: {}").replace(
        "compose:\n      services: {}", "compose: docker-compose.yml"
    )
    (tmp_path / "fastflow.yml").write_text(spec({"web": text}))
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.txt").write_text("of the checkout\n")
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, OWNER, OWNER)
    return tmp_path


def fastflow_in(engine: OwnEngine, checkout: Path, options: list[str], *words: str) -> None:
    """Run the image on the checkout, which has in it the path that it has outside."""
    mounts = ["--volume", f"{checkout}:{checkout}", "--workdir", str(checkout), "--env", f"WALLARM_API_TOKEN={TOKEN}"]
    ended = subprocess.run(
        ["docker", "run", "--rm", *mounts, *options, IMAGE, *words],
        env=engine.environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def assert_a_run_passed(engine: OwnEngine, checkout: Path) -> None:
    (folder,) = (checkout / ".fastflow" / "runs").iterdir()
    result = json.loads((folder / "result.json").read_text())
    assert {phase["id"]: phase["state"] for phase in result["phases"]} == {"web.record": "passed", "web.test": "passed"}
    assert left_of(engine.client(), folder.name) == []
    assert not [path for path in checkout.rglob("*") if path.is_file() and TOKEN in path.read_text(errors="replace")]


def test_the_image_says_what_it_is_and_is_not_for_root(docker_engine: DockerEngine) -> None:
    words = ["docker", "image", "inspect", "--format", "{{json .Config}}", IMAGE]
    said = subprocess.run(words, env=docker_engine.environment, capture_output=True, text=True, check=True).stdout
    config = json.loads(said)
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["version"] == __version__
    assert {"title", "description", "url", "source", "documentation", "licenses"} <= labels.keys()
    assert config["User"].partition(":")[0] not in ("", "0", "root")
    assert config["Entrypoint"] == ["fastflow"]


def test_with_the_socket_the_run_belongs_to_the_owner_of_the_checkout(engine: OwnEngine, checkout: Path) -> None:
    socket = engine.directory / "docker.sock"
    options = ["--volume", f"{socket}:/var/run/docker.sock", "--group-add", str(socket.stat().st_gid)]
    fastflow_in(engine, checkout, [*options, "--user", f"{OWNER}:{OWNER}"], "up", "--emulate")
    assert_a_run_passed(engine, checkout)
    assert {path.stat().st_uid for path in (checkout / ".fastflow").rglob("*")} == {OWNER}


def test_with_an_engine_as_a_service_of_the_job(engine: OwnEngine, checkout: Path) -> None:
    """As GitLab does it: job and service share a network and the directory of builds, and the job runs a shell."""
    engine.docker("network", "create", "job")
    socket = f"{engine.directory}/docker.sock:/var/run/docker.sock"
    service = ["run", "--detach", "--rm", "--network", "job", "--network-alias", "docker", "--volume", socket]
    engine.docker(*service, "--name", "service", "fastflow-python:3", "python3", "-c", SERVICE)
    job = ["--network", "job", "--env", "DOCKER_HOST=tcp://docker:2375", "--user", "0", "--entrypoint", ""]
    script = "fastflow validate fastflow.yml && fastflow up fastflow.yml --emulate"
    try:
        fastflow_in(engine, checkout, job, "sh", "-c", script)
    finally:
        engine.docker("rm", "--force", "service")
        engine.docker("network", "rm", "job")
    assert_a_run_passed(engine, checkout)
