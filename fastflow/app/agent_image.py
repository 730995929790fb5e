"""`fastflow agent build`: makes the agent's image from the packages on this machine and the emulator's base image."""

import importlib.metadata
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fastflow
from fastflow.app.environment import engine_environment
from fastflow.emulation.image import BASE_IMAGE, BUILD_TIMEOUT, ensure_base
from fastflow.engines.client_config import compose_plugin
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineError
from fastflow.files import exists, is_file
from fastflow.model.compose_keys import LABEL

_DISTRIBUTION = "fastflow-ci"
_DOCKERFILE = """\
ARG BASE
FROM $BASE
COPY docker /usr/local/bin/docker
COPY docker-compose /usr/local/lib/docker/cli-plugins/docker-compose
COPY site /usr/lib/fastflow
ENV PYTHONPATH=/usr/lib/fastflow HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN python3 -c "import fastflow.app.agent" \\
    || python3 -m pip install --no-cache-dir --target /usr/lib/fastflow --upgrade {packages}
RUN python3 -m compileall -q /usr/lib/fastflow || true
ENTRYPOINT ["python3", "-m", "fastflow"]
"""
_ELF = b"\x7fELF"


def build_agent(image: str, say: Callable[[str], None], *, push: bool = False) -> str:
    """Build the image on the current engine, and push it if asked to; return its name.

    Raises EngineError.
    """
    environment = engine_environment()
    engine = open_engine(environment)
    engine.info()
    ensure_base(engine, say)
    say(f"building the image {image}")
    with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
        _write_context(Path(scratch), environment.get("PATH", ""), compose_plugin(environment))
        engine.cli.build(Path(scratch), image, {"BASE": BASE_IMAGE}, {LABEL: "agent"}, BUILD_TIMEOUT)
    if push:
        say(f"pushing the image {image}")
        _push(engine, image)
    return image


def _push(engine: DockerEngine, image: str) -> None:
    engine.cli.push(image, BUILD_TIMEOUT)


def _write_context(context: Path, path: str, plugin: str | None) -> None:
    programs = {"docker": shutil.which("docker", path=path), "docker-compose": plugin}
    for name, found in programs.items():
        if found is None:
            raise EngineError(f"`{name}` was not found, which the agent needs", "install Docker's command line")
        with Path(found).open("rb") as file:
            if file.read(4) != _ELF:
                raise EngineError(f"{found} is not a program for Linux", "build the agent on a Linux machine")
        shutil.copy(found, context / name)
        (context / name).chmod(0o755)
    site = context / "site"
    shutil.copytree(Path(fastflow.__file__).parent, site / "fastflow", ignore=shutil.ignore_patterns("__pycache__"))
    packages = dict(_packages(_DISTRIBUTION))
    for distribution in packages.values():
        _copy(distribution, site)
    pinned = [f"'{name}=={one.version}'" for name, one in packages.items()]
    (context / "Dockerfile").write_text(_DOCKERFILE.format(packages=" ".join(pinned)))


def _packages(name: str, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, importlib.metadata.Distribution]]:
    """The packages that fastflow needs, by name, without itself."""
    for text in importlib.metadata.requires(name) or ():
        requirement, _, marker = text.partition(";")
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        if match is None or "extra" in marker:
            continue
        needed = match[0]
        try:
            found = importlib.metadata.distribution(needed)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        if needed not in seen:
            yield needed, found
            yield from _packages(needed, seen | {needed})


def _copy(distribution: importlib.metadata.Distribution, site: Path) -> None:
    """Copy the files of a package, without its programs, which are elsewhere."""
    for file in distribution.files or ():
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        source = Path(str(distribution.locate_file(file)))
        target = site / file
        if is_file(source) and not exists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
