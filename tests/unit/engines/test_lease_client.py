"""A lease by the command line of Docker: what becomes of a client that does not get the container to run."""

import time
from pathlib import Path
from typing import cast

import pytest

from fastflow.engines.command_line import CommandLine
from fastflow.engines.daemon import Daemon
from fastflow.engines.lease import take
from fastflow.engines.process import Caller
from fastflow.errors import EngineCallError, EngineTimeoutError


class NoContainer:
    """An engine that has no container."""

    def inspect(self, _: object) -> tuple[()]:
        return ()


def lease(directory: Path, script: str, timeout: float = 20.0) -> None:
    client = directory / "docker"
    client.write_text(script)
    call = CommandLine(["/bin/sh", str(client)], [], Caller({"PATH": "/usr/bin:/bin"}), timeout)
    assert take(call, cast(Daemon, NoContainer()), "lease", "image", {}) is None


def test_a_client_that_ends_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineCallError, match="no such image") as caught:
        lease(tmp_path, "echo 'Error: no such image: image' >&2; exit 125")
    assert caught.value.return_code == 125


def test_a_client_that_neither_answers_nor_ends_has_its_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(EngineTimeoutError):
        lease(tmp_path, "exec >&-; exec sleep 60", timeout=0.3)
    assert time.monotonic() - began < 20
