"""A line of a file of variables has one value, in the spec and in the Compose file: Docker Compose is asked."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.spec.dotenv_cases import BAD, ENVIRONMENT, GOOD

from .conftest import engine_environment

pytestmark = pytest.mark.e2e


def environment_of(text: str, directory: Path) -> tuple[int, str]:
    """What Docker Compose makes of a file of variables: its exit code and the environment."""
    (directory / "x.env").write_bytes(text.encode())
    (directory / "compose.yml").write_text("services: { a: { image: a } }\n", encoding="utf-8")
    command = ["docker", "compose", "-p", "x", "--env-file", "x.env", "config", "--environment"]
    environment = {**engine_environment(), **ENVIRONMENT}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()  # not as text: a carriage return is one


@pytest.mark.parametrize("text", GOOD)
def test_compose_reads_the_same_values(text: str, tmp_path: Path) -> None:
    code, read = environment_of(text, tmp_path)
    assert code == 0
    for name, value in GOOD[text].items():
        assert f"\n{name}={value}\n" in "\n" + read
    known = {*GOOD[text], *ENVIRONMENT, *os.environ}
    for name in ("UNSET", "A", "B", "C", "D", "E"):
        assert name in known or f"\n{name}=" not in read


@pytest.mark.parametrize("text", BAD)
def test_compose_refuses_the_same_lines(text: str, tmp_path: Path) -> None:
    assert environment_of(text, tmp_path)[0] != 0
