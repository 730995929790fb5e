"""The script that makes the emulator's base image, with stand-ins for Docker and Debian's tools."""

import os
import subprocess
from pathlib import Path

import pytest

from fastflow.emulation import image

NAME = "fastflow-python:3"
DOCKER = """
echo "docker $*" >>"$CALLS"
case $1 in
  pull) exit "${PULL:-1}" ;;
  build) cat >/dev/null; [ "${BUILD:-0}" = 0 ] && echo sha256:built; exit "${BUILD:-0}" ;;
  import) cat "$(eval echo "\\${$#}")" >/dev/null && echo sha256:imported ;;
  run) exit "${RUN:-0}" ;;
esac
"""
MMDEBSTRAP = 'for target; do :; done; echo half >"$target"; echo "E: $FAULT" >&2; exit "${MMDEBSTRAP:-0}"'


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A directory of stand-ins that comes first on the PATH; what Docker was asked is in its file `calls`."""
    for name, body in {"docker": DOCKER, "mmdebstrap": MMDEBSTRAP, "id": "echo 0", "apt-get": "exit 1"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "calls").touch()
    return tmp_path


def make(tools: Path, **settings: str) -> tuple[int, str, str]:
    """Run the script; return its exit code, the calls of Docker and what it printed on stderr."""
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "CALLS": str(tools / "calls"), "FAULT": "", **settings}
    script = Path(image.__file__).parent / "base-image"
    done = subprocess.run(["sh", script, NAME, "a=b"], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, (tools / "calls").read_text(), done.stderr


def test_a_base_that_could_not_be_built_does_not_get_the_name(tools: Path) -> None:
    code, calls, said = make(tools, MMDEBSTRAP="1", FAULT="unable to fetch packages")
    assert code != 0
    assert "unable to fetch packages" in said
    assert f"docker tag sha256:imported {NAME}" not in calls
    assert NAME not in calls


def test_a_base_that_does_not_run_does_not_get_the_name_and_is_removed(tools: Path) -> None:
    code, calls, said = make(tools, RUN="127")
    assert (code, NAME in calls) == (1, False)
    assert calls.endswith("docker rmi sha256:imported\n")
    assert said.endswith("the image made from Debian's packages does not run Python\n")


def test_a_base_that_runs_gets_the_name(tools: Path) -> None:
    code, calls, said = make(tools)
    assert (code, calls.splitlines()[-1]) == (0, f"docker tag sha256:imported {NAME}")
    assert said.endswith(f"made {NAME} from Debian's packages\n")


def test_a_registry_comes_first(tools: Path) -> None:
    code, calls, _ = make(tools, PULL="0", MMDEBSTRAP="1")
    assert (code, calls.splitlines()[-1]) == (0, f"docker tag sha256:built {NAME}")


def test_debians_packages_are_taken_when_pypi_does_not_answer(tools: Path) -> None:
    code, calls, _ = make(tools, PULL="0", BUILD="1")
    assert (code, calls.splitlines()[-1]) == (0, f"docker tag sha256:imported {NAME}")
