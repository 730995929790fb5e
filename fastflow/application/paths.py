"""Relative paths in an inline Compose document, made absolute.

Compose takes all relative paths from one directory, the first file's; those of an inline document are relative to the
spec. Which keys hold paths, and how each is read: compose-go, package paths.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fastflow.application.documents import REMOTE
from fastflow.files import resolved
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.dotenv import escape

Change = Callable[[YamlNode, str], YamlNode]
_DRIVE = re.compile(r"[A-Za-z]:[/\\]|\\\\")  # on Windows


def absolute_paths(tree: YamlMap, base: Path) -> YamlMap:
    """Make the relative paths of an inline document absolute, from `base`."""
    # A `$` in the name of a directory is not a variable.
    changed = _document(tree, escape(str(resolved(base))))
    assert isinstance(changed, YamlMap)
    return changed


def _within(changes: Mapping[str, Change]) -> Change:
    """Change the values of these keys of a mapping; `*` is every key."""

    def change(node: YamlNode, base: str) -> YamlNode:
        if not isinstance(node, YamlMap):
            return node
        pairs = ((key, changes.get(key.text) or changes.get("*"), value) for key, value in node)
        entries = tuple((key, make(value, base) if make else value) for key, make, value in pairs)
        return YamlMap(entries, node.mark, node.tag, node.origin)

    return change


def _each(change: Change) -> Change:
    """Change every item of a list, or the single value in its place."""

    def each(node: YamlNode, base: str) -> YamlNode:
        if isinstance(node, YamlList):
            return replace(node, items=tuple(change(item, base) for item in node.items))
        return change(node, base)

    return each


def _or_mapping(scalar: Change, mapping: Change) -> Change:
    """Change a value that has a short syntax (a text) and a long one."""
    return lambda node, base: scalar(node, base) if isinstance(node, Scalar) else mapping(node, base)


def _path(node: YamlNode, base: str) -> YamlNode:
    return replace(node, text=_absolute(node.text, base)) if isinstance(node, Scalar) and not node.is_null else node


def _absolute(text: str, base: str) -> str:
    if not text or text.startswith(("/", "~", "$", "service:", *REMOTE)) or "://" in text or _DRIVE.match(text):
        return text
    joined = posixpath.join(base, text.removeprefix("./"))
    return joined if "$" in text else posixpath.normpath(joined)  # as Compose does once it knows the variables


def _named(node: YamlNode, base: str) -> YamlNode:
    """A path after a name: `NAME=PATH`."""
    if not isinstance(node, Scalar):
        return node
    name, is_named, path = node.text.partition("=")
    return replace(node, text=f"{name}={_absolute(path, base)}") if is_named else node


def _short_volume(node: YamlNode, base: str) -> YamlNode:
    """Only a source that begins with a dot is a path here; `~` and `/` are not relative to the spec's directory."""
    assert isinstance(node, Scalar)
    source, colon, rest = node.text.partition(":")
    return replace(node, text=f"{_absolute(source, base)}:{rest}") if colon and source.startswith(".") else node


def _long_volume(node: YamlNode, base: str) -> YamlNode:
    kind = node.get("type") if isinstance(node, YamlMap) else None
    is_bind = isinstance(kind, Scalar) and kind.text == "bind"
    return _within({"source": _path})(node, base) if is_bind else node


def _volume(node: YamlNode, base: str) -> YamlNode:
    """A volume of the driver `local` may be a mount of a directory.

    Compose itself does not change the path if the driver is only implied, although no engine can mount that.
    """
    driver, options = (node.get("driver"), node.get("driver_opts")) if isinstance(node, YamlMap) else (None, None)
    kind = options.get("o") if isinstance(options, YamlMap) else None
    is_local = driver is None or (isinstance(driver, Scalar) and driver.text == "local")
    if is_local and isinstance(kind, Scalar) and kind.text == "bind":
        return _within({"driver_opts": _within({"device": _path})})(node, base)
    return node


def _by_name(node: YamlNode, base: str) -> YamlNode:
    """Named paths: a mapping, or a list of `NAME=PATH`."""
    return _each(_named)(node, base) if isinstance(node, YamlList) else _within({"*": _path})(node, base)


_BUILD = _within({"context": _path, "additional_contexts": _by_name, "ssh": _by_name})
_SERVICE = _within(
    {
        "build": _or_mapping(_path, _BUILD),
        "env_file": _each(_or_mapping(_path, _within({"path": _path}))),
        "label_file": _each(_path),
        "extends": _within({"file": _path}),
        "develop": _within({"watch": _each(_within({"path": _path}))}),
        "volumes": _each(_or_mapping(_short_volume, _long_volume)),
    }
)
_FILES = _within({"*": _within({"file": _path})})
_INCLUDED = _within({"path": _each(_path), "env_file": _each(_path), "project_directory": _path})
_document = _within(
    {
        "services": _within({"*": _SERVICE}),
        "configs": _FILES,
        "secrets": _FILES,
        "volumes": _within({"*": _volume}),
        "include": _each(_or_mapping(_path, _INCLUDED)),
    }
)


def paths_in(tree: YamlMap, base: Path) -> Iterator[Path]:
    """The relative paths that a Compose document names, made absolute from `base`; those with variables are left out.

    They are what `absolute_paths` changes.
    """
    for before, after in zip(_scalars(tree), _scalars(absolute_paths(tree, base)), strict=True):
        if before.text == after.text or "$" in after.text:
            continue
        named = after.text if after.text.startswith("/") else after.text.partition("=")[2]
        yield Path(named.partition(":")[0])


def _scalars(tree: YamlNode) -> Iterator[Scalar]:
    pending: list[YamlNode] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, YamlMap):
            pending.extend(value for _, value in node)
        elif isinstance(node, YamlList):
            pending.extend(node.items)
        else:
            yield node
