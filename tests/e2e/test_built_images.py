"""A run tests what it built, whatever the user's tags stand for meanwhile."""

from collections.abc import Iterator

import pytest

from fastflow.engines.docker import DockerEngine

from .runs import RECORD, TEST, Fastflow, docker

pytestmark = pytest.mark.e2e

COMPOSE = """
services:
  base:
    image: NAME-base:ci
    build:
      context: .
      dockerfile_inline: |
        FROM fastflow-python:3
        RUN mkdir -p /srv/www && echo built > /srv/www/version
    command: ["true"]
  app:
    image: NAME:ci
    build: .
    pull_policy: always
    command: [python3, -m, http.server, "80", --directory, /srv/www]
    stop_signal: SIGKILL
  tests:
    image: docker.io/library/NAME:ci
    profiles: [tests]
    command: [sh, -c, "test -f /srv/www/version && wget -q -O - http://app/version | grep -qx built"]
    environment: { http_proxy: "http://fast:8080" }
"""


@pytest.fixture
def tag(docker_engine: DockerEngine, busybox_image: str, project_name: str) -> Iterator[str]:
    """The name of two images that the user has already, under the tags that the run builds."""
    names = [f"{project_name}:ci", f"{project_name}-base:ci"]
    for name in names:
        docker(docker_engine, ["tag", busybox_image, name])
    yield project_name
    docker_engine.api.remove_images(names)


def test_a_run_tests_what_it_built_and_leaves_the_users_tag_alone(
    fastflow: Fastflow, docker_engine: DockerEngine, tag: str, build_id: str
) -> None:
    look = ["image", "inspect", "--format", "{{.Id}}", f"{tag}:ci", f"{tag}-base:ci"]
    before = docker(docker_engine, look)
    fastflow.write(COMPOSE.replace("NAME", tag), "docker-compose.yml")
    fastflow.write(f"FROM {tag}-base:ci\nRUN test -f /srv/www/version\n", "Dockerfile")
    nodes = "".join(
        f"      {name}:\n" + "".join(f"        {line}\n" for line in text.strip().splitlines())
        for name, text in (("record", RECORD), ("test", TEST + "fresh: [app]\n"))
    )
    head = f"  web:\n    build_id: {build_id}\n    compose: docker-compose.yml\n    nodes:\n"
    fastflow.write(f"workflows:\n{head}{nodes}")
    ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.out + ended.err
    assert docker(docker_engine, look) == before
    told = fastflow("config").out
    assert f"image: {tag}" not in told
    assert told.count("image: fastflow-0-web-app") == 2
