"""The images that a run builds: their names, which services run them, and which are built on which.

A tag that the user's file gives to a built image is the user's, and another pipeline may build it at the same time. A
run therefore builds under names that contain its id, and everything that names the tag gets the run's image instead,
in Dockerfiles too.
"""

import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_FROM = re.compile(r"(\s*FROM\s+(?:--\S+\s+)*)(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ARG = re.compile(r"\s*ARG\s+(\w+)(?:=(\S*))?", re.IGNORECASE)
_MAY_COPY = re.compile(r"\s*(?:COPY|ADD|RUN)\b", re.IGNORECASE)
_SOURCE = re.compile(r"(--from=|\bfrom=)([^\s,]+)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")
_QUOTES = "\"'"


def with_images(
    text: str, image_for: Callable[[str], str | None], args: Mapping[str, object], taken: Collection[str] = ()
) -> str:
    """Replace images that a Dockerfile names, if `image_for` returns a replacement.

    `args` are the build arguments that override the defaults in the file. Names of stages, and those that are `taken`
    by build contexts, are not images (Dockerfile reference: FROM, COPY --from, RUN --mount).
    """
    lines, stages, known = [], {name.lower() for name in taken}, {key: str(value) for key, value in args.items()}

    def other(name: str) -> str:
        is_image = name.lower() not in stages and not name.isdigit()
        return (image_for(name) if is_image else None) or name

    for line in text.splitlines(keepends=True):
        changed = line
        if (arg := _ARG.match(line)) and arg[2] is not None:
            known.setdefault(arg[1], arg[2].strip(_QUOTES))
        if found := _FROM.match(line):
            base = _VARIABLE.sub(lambda match: known.get(match[1] or match[3]) or match[2] or "", found[2])
            changed = line[: found.start(2)] + (other(base) if other(base) != base else found[2]) + line[found.end(2) :]
            if found[3]:
                stages.add(found[3].lower())
        elif _MAY_COPY.match(line):
            changed = _SOURCE.sub(lambda match: match[1] + other(match[2]), line)
        lines.append(changed)
    return "".join(lines)


_DEFAULT_REGISTRY = re.compile(r"^(?:(?:index\.)?docker\.io/)?(?:library/)?")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_IMAGE_CONTEXT = "docker-image://"


@dataclass(frozen=True, slots=True)
class Build:
    """An image that a run builds for a service: its name, its names in the file, and what it is built on.

    `dockerfile` is the text to build it by if that names images of the run, and `file` the path where it was written.
    `contexts` are its named build contexts that do so, and `after` the services whose images must be built before.
    """

    service: str
    image: str
    names: frozenset[str] = frozenset()
    dockerfile: str | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)
    after: frozenset[str] = frozenset()
    file: str | None = None

    @property
    def text(self) -> Mapping[str, str | None]:
        """The keys of a Compose file that replace the user's Dockerfile for its build; None means no key."""
        if self.dockerfile is None:
            return {}
        inline = self.dockerfile if self.file is None else None
        return {"dockerfile": self.file, "dockerfile_inline": inline}

    def written_to(self, directory: Path) -> "Build":
        """Write the text to a file: without buildx, Compose 5 ignores a Dockerfile that is inline in the project."""
        if self.dockerfile is None:
            return self
        path = directory / f"{self.image}.Dockerfile"
        path.write_text(self.dockerfile, encoding="utf-8")
        return replace(self, file=str(path))


def built_image(project: str, service: str) -> str:
    """The name of the image that a project builds for a service; every service name makes a valid one."""
    plain = f"{project}-{service}"
    name = _NO_NAME.sub("-", plain.lower()).strip("-")
    return name if name == plain else f"{name}-{zlib.crc32(service.encode()):08x}"


def builds_of(services: Mapping[str, Any], project: str) -> dict[str, Build]:
    """The images that a project builds, by the services as Compose resolves them."""
    declared = {name: service for name, service in services.items() if service.get("build") is not None}
    found = {name: Build(name, built_image(project, name), _names(service)) for name, service in declared.items()}
    return {name: _on_others(build, declared[name]["build"], found) for name, build in found.items()}


def images_of(services: Mapping[str, Any], own: Mapping[str, Build], others: Iterable[Build] = ()) -> dict[str, str]:
    """The run's image of every service that builds or names one; the project's own come before those of others."""
    by_name: dict[str, str] = {}
    for build in (*own.values(), *others):
        for name in build.names:
            by_name.setdefault(name, build.image)
    found = {}
    for name, service in services.items():
        image = own[name].image if name in own else by_name.get(normal(str(service.get("image") or "")))
        if image is not None:
            found[name] = image
    return found


def stages_of(builds: Mapping[str, Build], wanted: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield the services to build, with those that they are built on, in groups that each need the ones before."""
    left, pending = set[str](), list(wanted)
    while pending:
        name = pending.pop()
        if name not in left:
            left.add(name)
            pending.extend(builds[name].after)
    while left:
        ready = {name for name in left if not builds[name].after & left} or left  # Compose refuses a cycle
        yield tuple(name for name in builds if name in ready)
        left -= ready


def normal(reference: str) -> str:
    """Normalise an image's name, so that names of one image are equal: `docker.io/library/a` is `a:latest`."""
    name = _DEFAULT_REGISTRY.sub("", reference)
    has_tag = "@" in name or ":" in name.rpartition("/")[2]
    return name if has_tag or not name else f"{name}:latest"


def _names(service: Mapping[str, Any]) -> frozenset[str]:
    build = service["build"]
    tags = (build.get("tags") or ()) if isinstance(build, Mapping) else ()
    return frozenset(normal(str(name)) for name in (service.get("image"), *tags) if name)


def _on_others(build: Build, declared: Any, builds: Mapping[str, Build]) -> Build:
    """Find out which images of the project an image is built on."""
    if not isinstance(declared, Mapping):
        return build
    by_name = {name: other for other in builds.values() if other is not build for name in other.names}
    used: dict[str, Build] = {}

    def own(reference: str) -> str | None:
        other = by_name.get(normal(reference))
        if other is not None:
            used[other.service] = other
        return other.image if other is not None else None

    named = declared.get("additional_contexts") or {}
    contexts = {
        key: f"{_IMAGE_CONTEXT}{image}"
        for key, value in (named.items() if isinstance(named, Mapping) else ())
        if str(value).startswith(_IMAGE_CONTEXT) and (image := own(str(value).removeprefix(_IMAGE_CONTEXT)))
    }
    text = _dockerfile(declared) if by_name else None
    written = None if text is None else with_images(text, own, declared.get("args") or {}, named)
    changed = written if written != text else None
    after = frozenset(used)
    return Build(build.service, build.image, build.names, changed, contexts, after) if after else build


def _dockerfile(declared: Mapping[str, Any]) -> str | None:
    """The text of a Dockerfile; None if it is not on this machine, or cannot be read, which Compose reports."""
    if declared.get("dockerfile_inline"):
        return str(declared["dockerfile_inline"])
    path = Path(str(declared.get("context") or "."), str(declared.get("dockerfile") or "Dockerfile"))
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
