"""The image of the emulator: a base with Python, and the content of `fastflow.emulator` on top of it."""

import hashlib
import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fastflow.emulation import LABEL
from fastflow.engines.docker import DockerEngine
from fastflow.engines.process import call
from fastflow.errors import EmulatorError, EngineError
from fastflow.files import is_file

BASE_IMAGE = "fastflow-python:3"
BASE_LABEL = f"{LABEL}.base"
"""Label of a base image: what it was made from, so that the base of an older fastflow is replaced."""
REPOSITORY = "fastflow-emulator"
BUILD_TIMEOUT = 600.0
_PACKAGE = Path(__file__).parents[1] / "emulator"
_BASE_SCRIPT = Path(__file__).parent / "base-image"
_LIBRARIES = ("h11",)
_ELSEWHERE = (
    f"run `fastflow emulator build` on a machine with a network, and copy the image here: docker save {BASE_IMAGE}, "
    "docker load"
)
Notify = Callable[[str], None]


def ensure_base(engine: DockerEngine, say: Notify) -> None:
    """Make the base image unless this version of it is there; raises EmulatorError.

    A machine without network keeps the base that an older fastflow made, which hardly differs.
    """
    version = hashlib.sha256(_BASE_SCRIPT.read_bytes()).hexdigest()[:12]
    if BASE_IMAGE in engine.api.images({BASE_LABEL: version}):
        return
    say(f"building the image {BASE_IMAGE}")
    try:
        call(["sh", str(_BASE_SCRIPT), BASE_IMAGE, f"{BASE_LABEL}={version}"], engine.environment, BUILD_TIMEOUT)
    except EngineError as error:
        if BASE_IMAGE not in engine.api.images({BASE_LABEL: None}):
            raise EmulatorError(f"the image {BASE_IMAGE} could not be built: {error.message}", _ELSEWHERE) from error
        say(f"the image {BASE_IMAGE} could not be rebuilt, so the older one is used: {error.message}")


def ensure_image(engine: DockerEngine, say: Notify, *, with_base: bool = False) -> str:
    """Return the name of the emulator's image, built if this version of it is missing; raises EmulatorError.

    The base is made when the image is built on it, or always `with_base`.
    """
    image = image_name()
    is_missing = bool(engine.api.missing_images([image]))
    if is_missing or with_base:
        ensure_base(engine, say)
    if is_missing:
        _build(engine, image, say)
    return image


def _build(engine: DockerEngine, image: str, say: Notify) -> None:
    say(f"building the image {image}")
    with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
        context = Path(scratch)
        _write_context(context)
        try:
            engine.cli.build(context, image, {"BASE": BASE_IMAGE}, {LABEL: "image"}, BUILD_TIMEOUT)
        except EngineError as error:
            raise EmulatorError(f"the emulator's image could not be built: {error.message}", error.hint) from error


def remove_older_images(engine: DockerEngine) -> None:
    """Remove the images of other versions of the emulator; those in use stay."""
    current = image_name()
    engine.api.remove_images(image for image in engine.api.images({LABEL: "image"}) if image != current)


def image_name() -> str:
    """Name the image after its content, so that every version of fastflow uses its own."""
    digest = hashlib.sha256()
    for path, name in _content():
        digest.update(f"{name}\n".encode())
        digest.update(path.read_bytes())
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}"


def _content() -> Iterator[tuple[Path, str]]:
    """The files of the build context, each with its name in it."""
    yield _PACKAGE / "Dockerfile", "Dockerfile"
    folders = {"emulator": _PACKAGE, **{name: _library(name) for name in _LIBRARIES}}
    for name, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if is_file(path) and "__pycache__" not in inside.parts and "tests" not in inside.parts:
                yield path, f"{name}/{inside.as_posix()}"


def _library(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmulatorError(f"the library {name} is missing", "install fastflow again: pip install fastflow-ci")
    return Path(found.origin).parent


def _write_context(context: Path) -> None:
    for path, name in _content():
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
