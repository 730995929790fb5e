"""The files of a run as an image in a registry, which gets files too large for a config to the nodes of a cluster."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from fastflow.emulation.image import BUILD_TIMEOUT
from fastflow.engines.api import GoneError
from fastflow.engines.copying import LARGEST_COPY
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineError
from fastflow.model.compose_keys import LABEL

LARGEST = LARGEST_COPY
"""Maximum size of such an archive, in bytes."""
_DIRECTORY, _FILE = "/bundle", "bundle.tgz"
_DOCKERFILE = f"FROM scratch\nCOPY {_FILE} {_DIRECTORY}/\n"
_LABELS = {LABEL: "bundle"}
_TRIES = 5


def push_bundle(engine: DockerEngine, image: str, content: bytes, say: Callable[[str], None]) -> None:
    """Make the image on an engine, push it, and remove it there. Raises EngineError."""
    say(f"pushing {len(content) / 1e6:.1f} MB of files to {image}")
    with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
        context = Path(scratch)
        (context / _FILE).write_bytes(content)
        (context / "Dockerfile").write_text(_DOCKERFILE)
        engine.cli.build(context, image, {}, _LABELS, BUILD_TIMEOUT)
    try:
        engine.cli.push(image, BUILD_TIMEOUT)
    finally:
        engine.api.remove_images([image])


def fetch_bundle(engine: DockerEngine, image: str, target: Path) -> Path:
    """Pull the image, and copy the archive out of it into a directory; return the file. Raises EngineError.

    Another unit of the run may remove the image on the same node at the same time; it is then pulled again.
    """
    for _ in range(_TRIES):
        engine.cli.pull(image, BUILD_TIMEOUT)
        try:
            container = engine.api.create_container({"Image": image, "Cmd": ["-"], "Labels": _LABELS})
        except GoneError:
            continue
        try:
            engine.api.copy_from(container, _DIRECTORY, target)
        finally:
            _remove(engine, [container], [image])
        return target / _FILE
    raise EngineError(
        f"the image {image} was removed again and again", "do not run `docker system prune` at the same time"
    )


def remove_bundles(engine: DockerEngine) -> None:
    """Remove such images that dead agents left on an engine. Those in use stay."""
    _remove(engine, (), engine.api.images(dict(_LABELS)))


def _remove(engine: DockerEngine, containers: Iterable[str], images: Iterable[str]) -> None:
    engine.api.remove_containers(containers)
    engine.api.remove_images(images)
