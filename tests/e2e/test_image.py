"""The image of fastflow, as CI systems use it: with the engine's socket, and with an engine as a service of the job."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from fastflow import __version__
from fastflow.engines.docker import DockerEngine
from tests.waiting import until

from .own_engine import IMAGES, OwnEngine, own_engine
from .runs import RUN_LABEL, TOKEN, left_of, spec, workflow

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("package")]
IMAGE = "fastflow-image"
ENGINE = "fastflow-image-engine"
MEGABYTES = 1600
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
# All that docker:dind needs of `--privileged`, which gives more than some machines have to give.
PRIVILEGES = ["--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--security-opt=seccomp=unconfined"]
PRIVILEGES += ["--security-opt=apparmor=unconfined"]


@pytest.fixture(scope="module")
def engine(docker_engine: DockerEngine) -> Iterator[OwnEngine]:
    """An engine of its own, since another image of the emulator may be built on it; it has fastflow's image."""
    if missing := docker_engine.api.missing_images([IMAGE, ENGINE]):
        pytest.fail(f"missing images: {missing}; make them with `make image`")
    with own_engine(MEGABYTES) as made:
        copy([IMAGE, ENGINE], docker_engine.environment, made, [])
        yield made


def copy(images: Sequence[str], source: Mapping[str, str], engine: OwnEngine, loader: Sequence[str]) -> None:
    """Copy images to an engine, or with the words of `loader` to one in it."""
    with subprocess.Popen(["docker", "save", *images], env=source, stdout=subprocess.PIPE) as saved:
        words = ["docker", *loader, "load", "--quiet"]
        subprocess.run(words, stdin=saved.stdout, env=engine.environment, stdout=subprocess.DEVNULL, check=True)
    assert saved.returncode == 0


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


def assert_a_run_passed(checkout: Path) -> str:
    """Return the id of the only run."""
    (folder,) = (checkout / ".fastflow" / "runs").iterdir()
    result = json.loads((folder / "result.json").read_text())
    assert {phase["id"]: phase["state"] for phase in result["phases"]} == {"web.record": "passed", "web.test": "passed"}
    assert not [path for path in checkout.rglob("*") if path.is_file() and TOKEN in path.read_text(errors="replace")]
    return folder.name


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
    assert left_of(engine.client(), assert_a_run_passed(checkout)) == []
    assert {path.stat().st_uid for path in (checkout / ".fastflow").rglob("*")} == {OWNER}


def in_service(engine: OwnEngine, *words: str) -> "subprocess.CompletedProcess[str]":
    """Call Docker where the service is."""
    call = ["docker", "exec", "service", "docker", *words]
    return subprocess.run(call, env=engine.environment, capture_output=True, text=True, check=False)


@pytest.fixture
def service(engine: OwnEngine, checkout: Path) -> Iterator[str]:
    """The network of a job whose service `docker` is an engine that knows the base of the emulator's image."""
    builds = f"--volume={checkout}:{checkout}"
    engine.docker("network", "create", "job")
    words = [
        "run",
        "--detach",
        "--network=job",
        "--network-alias=docker",
        "--name=service",
        "--env=DOCKER_TLS_CERTDIR=",
    ]
    engine.docker(*words, *PRIVILEGES, builds, ENGINE)
    until(lambda: in_service(engine, "version").returncode == 0)
    copy(IMAGES, engine.environment, engine, ["exec", "--interactive", "service", "docker"])
    yield "job"
    engine.docker("rm", "--force", "--volumes", "service")
    engine.docker("network", "rm", "job")


def test_with_an_engine_as_a_service_of_the_job(engine: OwnEngine, service: str, checkout: Path) -> None:
    """As GitLab does it: job and service share a network and the directory of builds, and the job runs a shell."""
    job = ["--network", service, "--env", "DOCKER_HOST=tcp://docker:2375", "--user", "0", "--entrypoint", ""]
    script = "fastflow validate fastflow.yml && fastflow up fastflow.yml --emulate"
    fastflow_in(engine, checkout, job, "sh", "-c", script)
    left = in_service(
        engine, "ps", "--all", "--quiet", "--filter", f"label={RUN_LABEL}={assert_a_run_passed(checkout)}"
    )
    assert (left.returncode, left.stdout) == (0, "")
