"""`fastflow config`: what it prints is the project, however its variables are written, and never the token."""

import json
import subprocess
from pathlib import Path

import pytest

from .conftest import engine_environment
from .runs import TOKEN, Fastflow

pytestmark = pytest.mark.e2e
SPEC = """
workflows:
  web:
    build_id: web1
    compose: app.yml
    nodes:
      record: { mode: recording, source: { run: 'true' } }
"""
INCLUDED = {
    "app.yml": "include: [{ path: common/app.yml, env_file: a.env }]\nservices: { tests: { image: tests } }\n",
    "common/app.yml": "services: { app: { image: 'app:${TAG}', environment: [SECRET], ports: ['${PORT}:80'] } }\n",
    "a.env": "TAG=7\nPORT=8081\n",
}
NAMED = {
    "app.yml": "services: { app: { image: 'a:$$x', depends_on: ['${DB}'], networks: ['${N:-default}'] },"
    " mysql: { image: m } }\n",
    ".env": "DB=mysql\n",
}
PLAIN = {"app.yml": "services: { app: { image: 'app:${TAG}', environment: { A: '${SECRET}' } } }\n", ".env": "TAG=7\n"}


def write(fastflow: Fastflow, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = fastflow.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    fastflow.write(SPEC)


def read_back(text: str, directory: Path) -> dict[str, object]:
    """What Docker Compose makes of what was printed."""
    environment = {**engine_environment(), "WALLARM_API_TOKEN": TOKEN}
    command = ["docker", "compose", "--project-directory", str(directory), "-f", "-", "config", "--format", "json"]
    done = subprocess.run(
        command, cwd=directory, env=environment, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, object] = json.loads(done.stdout)["services"]["app"]
    return read


@pytest.mark.parametrize(
    ("files", "key", "value"),
    [
        (INCLUDED, "image", "app:7"),
        (NAMED, "depends_on", {"mysql": {"condition": "service_started", "required": True}}),
    ],
)
def test_what_references_would_change_is_printed_with_values_but_for_the_token(
    files: dict[str, str], key: str, value: object, fastflow: Fastflow
) -> None:
    write(fastflow, files)
    fastflow.extra["SECRET"] = TOKEN
    ended = fastflow("config")
    assert ended.code == 0, ended.err
    assert "with the values of variables" in ended.err
    assert TOKEN not in ended.out
    assert "${WALLARM_API_TOKEN}" in ended.out
    assert read_back(ended.out, fastflow.directory)[key] == value


def test_other_variables_stay_references(fastflow: Fastflow) -> None:
    write(fastflow, PLAIN)
    fastflow.extra["SECRET"] = "s3cret"
    ended = fastflow("config")
    assert "image: app:${TAG}" in ended.out
    assert "A: ${SECRET}" in ended.out
    assert "with the values" not in ended.err


@pytest.mark.parametrize("files", [INCLUDED, NAMED, PLAIN])
def test_compose_is_asked_about_it_without_values_and_with_them(files: dict[str, str], fastflow: Fastflow) -> None:
    write(fastflow, files)
    for options in ((), ("--env",)):
        ended = fastflow("validate", "--compose", *options)
        assert ended.code == 0, ended.out


@pytest.mark.parametrize(
    "service",
    [
        "ports: ['80/${PROTOCOL}']",
        "depends_on: { b: { condition: '${CONDITION}' } }",
        "depends_on: ['${DB}', b]",
        "env_file: '${STAGE}.env'",
        "extends: { file: '${STAGE}.yml', service: b }",
        "networks: { '${NET}': { aliases: [x] } }",
        "cpus: '${CPUS}', healthcheck: { interval: '$I', test: [CMD, 'true'] }",
        "restart: '${RESTART:-always}', pull_policy: '${PULL}'",
    ],
)
def test_what_only_a_value_can_make_right_or_wrong_is_left_to_env(service: str, fastflow: Fastflow) -> None:
    write(fastflow, {"app.yml": f"services: {{ app: {{ image: a, {service} }}, b: {{ image: b }} }}\n"})
    assert "compose-invalid" not in fastflow("validate", "--compose").out


@pytest.mark.parametrize("service", ["ports: ['80/${PROTOCOL}']", "env_file: '${STAGE}.env'", "cpus: '${CPUS}'"])
def test_what_no_value_can_make_right_is_found_beside_a_variable(service: str, fastflow: Fastflow) -> None:
    write(fastflow, {"app.yml": f"services: {{ app: {{ image: a, {service} }}, b: {{ image: b, imagee: c }} }}\n"})
    assert "compose-invalid" in fastflow("validate", "--compose").out


def test_a_fault_beside_a_variable_is_still_found(fastflow: Fastflow) -> None:
    write(fastflow, {**NAMED, "app.yml": NAMED["app.yml"].replace("mysql: {", "mysql: { imagee: x,")})
    assert "compose-invalid" in fastflow("validate", "--compose", "--env").out
    write(fastflow, {"app.yml": "services: { app: { image: 'a:$TAG', depends_on: { x: { condition: no } } } }\n"})
    assert "compose-invalid" in fastflow("validate", "--compose").out
