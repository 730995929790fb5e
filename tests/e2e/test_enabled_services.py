"""What a run starts of an application: what the user left enabled, with at least one container."""

import pytest

from fastflow.engines.docker import DockerEngine

from .conftest import IMAGE
from .nodes import attacks, records, spec_of
from .runs import RUN_LABEL, Fastflow

pytestmark = pytest.mark.e2e

COMPOSE = f"""
services:
  app:
    image: {IMAGE}
    init: true
    command: [sleep, "600"]
    depends_on:
      debug: {{ condition: service_started, required: false }}
      zero: {{ condition: service_healthy }}
  debug: {{ image: {IMAGE}, init: true, command: [sleep, "600"], profiles: [debug] }}
  unknown: {{ image: "fastflow.invalid/nothing:1", profiles: [never], env_file: missing.env }}
  zero: {{ image: {IMAGE}, command: ["false"], scale: "${{COPIES:-0}}" }}
  tests:
    image: {IMAGE}
    profiles: [tests]
    deploy: {{ replicas: 0 }}
    command: ["true"]
    depends_on: {{ unknown: {{ condition: service_healthy, required: false }} }}
"""


@pytest.mark.parametrize("profiles", ["", "debug"])
def test_a_run_starts_what_the_user_left_enabled(
    profiles: str, fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    fastflow.write(COMPOSE, "compose.yml")
    nodes = {"record": records("{ service: tests }"), "test": attacks()}
    fastflow.write(spec_of({"web": nodes}, build_id).replace("    nodes:", "    compose: compose.yml\n    nodes:"))
    fastflow.extra |= {"COMPOSE_PROFILES": profiles}
    ended = fastflow("up", "--keep")
    assert (ended.code, set(ended.states.values())) == (0, {"passed"}), (ended.reasons, ended.err)
    left = {found.service for found in docker_engine.api.containers({RUN_LABEL: ended.folder.name})}
    assert fastflow("down").code == 0
    assert left == {"app", "tests", "fast-record", "fast-test", *filter(None, [profiles])}
