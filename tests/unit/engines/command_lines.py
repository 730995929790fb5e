"""A command line of Docker's that is a script of the test's."""

import stat
from pathlib import Path

from fastflow.compose import ComposeProject, ComposeText
from fastflow.engines.calls import Calls
from fastflow.engines.cli import DockerCli
from fastflow.engines.compose import ComposeCli

PROJECT = ComposeProject("shop", "/", (ComposeText("services: {}"),))


def environment(tmp_path: Path, script: str) -> dict[str, str]:
    """An environment whose `docker` is a script."""
    path = tmp_path / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}


def compose(tmp_path: Path, script: str, *, answers: bool = True, timeout: float = 20.0) -> ComposeCli:
    """Compose by way of a script; `answers` says whether its engine does."""
    cli = DockerCli(environment(tmp_path, script), None, Calls(), timeout, lambda: answers)
    return ComposeCli(cli, lambda _: None)
