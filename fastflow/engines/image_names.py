"""Names of images as users write them, whichever engine gives them."""

from collections.abc import Callable

_LIBRARY = "docker.io/library/"
_LOCAL = "localhost/"


def short_name(reference: str, is_podman: Callable[[], bool]) -> str:
    """Shorten the name that an engine gives an image to the one that it was given.

    Podman writes names in full: `docker.io/library/` before those of Docker Hub, and `localhost/` before those of
    images that were made there. On a Docker Engine `localhost/` is a registry, so `is_podman` is asked about it.
    """
    name = reference.removeprefix(_LIBRARY)
    return name.removeprefix(_LOCAL) if name.startswith(_LOCAL) and is_podman() else name
