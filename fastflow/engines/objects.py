"""What the engine keeps by kind (containers, networks, volumes, images): whether it is there, and taking it away."""

import json
import re
import time
from collections.abc import Iterable, Mapping

from fastflow.engines.command_line import CommandLine
from fastflow.errors import EngineCallError, EngineTimeoutError

_REMOVAL_TIMEOUT = 15.0
_REMOVALS = {
    "container": ("rm", "--force", "--volumes"),
    "network": ("network", "rm"),
    "volume": ("volume", "rm"),
    "image": ("image", "rm"),
}
_LISTINGS = {
    "container": (("ps", "-a", "--no-trunc"), ".Config.Labels"),
    "network": (("network", "ls", "--no-trunc"), ".Labels"),
    "volume": (("volume", "ls"), ".Labels"),
    "image": (("images", "--no-trunc"), ".Config.Labels"),
}
"""For each kind how it is listed, and where `inspect` has its labels."""
_IN_USE = re.compile(r"is being used|is using|conflict|dependent child", re.IGNORECASE)


def is_gone(error: EngineCallError) -> bool:
    """Whether the engine says that what was asked for is not there."""
    return re.search(r"no such|not found|could not find|not a directory", error.output, re.IGNORECASE) is not None


def filters(labels: Mapping[str, str | None]) -> list[str]:
    """The options that select by label; None stands for any value."""
    pairs = (key if value is None else f"{key}={value}" for key, value in labels.items())
    return [word for pair in pairs for word in ("--filter", f"label={pair}")]


def exist(docker: CommandLine, kind: str, *names: str) -> bool:
    """Whether the engine has all of these."""
    try:
        docker.docker(kind, "inspect", "--format", "ok", *names)
    except EngineCallError as error:
        if is_gone(error):
            return False
        raise
    return True


def labelled(docker: CommandLine, label: str) -> tuple[Mapping[str, str], ...]:
    """Return the labels of everything that carries `label`."""
    found: list[Mapping[str, str]] = []
    for kind, (listing, labels) in _LISTINGS.items():
        ids = dict.fromkeys(docker.docker(*listing, "-q", *filters({label: None})).split())
        if ids:
            told = _inspected(docker, kind, labels, list(ids))
            found += [json.loads(line) or {} for line in told.splitlines() if line.strip()]
    return tuple(found)


def _inspected(docker: CommandLine, kind: str, labels: str, ids: list[str]) -> str:
    """Ask for the labels of several at once; where one has just gone, for each of the others."""
    ask = (kind, "inspect", "--format", f"{{{{json {labels}}}}}")
    try:
        return docker.docker(*ask, *ids)
    except EngineCallError as error:
        if not is_gone(error):
            raise
    return "\n".join(_inspected(docker, kind, labels, [one]) for one in ids) if len(ids) > 1 else ""


def images(docker: CommandLine, labels: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the references of images, `name:tag`, or the id of one that has no name."""
    told = docker.docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", *filters(labels))
    pairs = (line.split() for line in told.splitlines())
    return tuple(dict.fromkeys(image if "<none>" in name else name for name, image in pairs))


def remove(docker: CommandLine, kind: str, names: Iterable[str]) -> None:
    """Remove all at once; where that fails, one by one, so that none keeps another from going.

    What is gone is fine, and so is an image that is in use. Raises the first other error when all were tried.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return
    try:
        docker.docker(*_REMOVALS[kind], *wanted)
    except EngineTimeoutError:
        raise
    except EngineCallError:
        faults = [fault for name in wanted if (fault := _fault_of_removal(docker, kind, name))]
        if faults:
            raise faults[0] from None


def _fault_of_removal(docker: CommandLine, kind: str, name: str) -> EngineCallError | None:
    deadline = time.monotonic() + _REMOVAL_TIMEOUT
    while True:
        try:
            docker.docker(*_REMOVALS[kind], name)
        except EngineCallError as error:
            if (kind == "image" and _IN_USE.search(error.output)) or not exist(docker, kind, name):
                return None
            # Somebody else is removing it: asked again until it is gone, each time some 30 ms.
            if "already in progress" not in error.output or time.monotonic() > deadline:
                return error
        else:
            return None
