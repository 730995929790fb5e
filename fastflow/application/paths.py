"""Relative paths in an inline Compose document, made absolute.

Compose takes all relative paths from one directory, the first file's; those of an inline document are
relative to the spec. Which keys hold paths: Compose specification.
"""

from dataclasses import replace
from pathlib import Path

from fastflow.spec.document import Mapping, Node, Scalar, Sequence

_ANY = "*"
_PLACES = (
    ("services", _ANY, "build"),
    ("services", _ANY, "build", "context"),
    ("services", _ANY, "env_file"),
    ("services", _ANY, "env_file", _ANY),
    ("services", _ANY, "env_file", _ANY, "path"),
    ("services", _ANY, "extends", "file"),
    ("services", _ANY, "label_file"),
    ("services", _ANY, "label_file", _ANY),
    ("services", _ANY, "volumes", _ANY),
    ("services", _ANY, "volumes", _ANY, "source"),
    ("configs", _ANY, "file"),
    ("secrets", _ANY, "file"),
    ("include", _ANY),
    ("include", _ANY, "path"),
    ("include", _ANY, "path", _ANY),
    ("include", _ANY, "env_file"),
    ("include", _ANY, "project_directory"),
)
_REMOTE = ("://", "git@", "github.com/")


def absolute_paths(tree: Mapping, base: Path) -> Mapping:
    """Make the relative paths of an inline document absolute, from `base`."""
    changed = _changed(tree, (), base)
    assert isinstance(changed, Mapping)
    return changed


def _changed(node: Node, path: tuple[str, ...], base: Path) -> Node:
    if isinstance(node, Mapping):
        pairs = tuple((key, _changed(value, (*path, key.text), base)) for key, value in node)
        return Mapping(pairs, node.mark, node.tag, node.origin)
    if isinstance(node, Sequence):
        return replace(node, items=tuple(_changed(item, (*path, _ANY), base) for item in node.items))
    if not any(_fits(path, place) for place in _PLACES):
        return node
    return replace(node, text=_absolute(node, path, base))


def _fits(path: tuple[str, ...], place: tuple[str, ...]) -> bool:
    return len(path) == len(place) and all(wanted in (_ANY, step) for step, wanted in zip(path, place, strict=True))


def _absolute(scalar: Scalar, path: tuple[str, ...], base: Path) -> str:
    text = scalar.text
    if text.startswith(("/", "~", "$")) or any(mark in text for mark in _REMOTE):
        return text
    if path[-2:] == ("volumes", _ANY):  # short syntax: only a source that begins with a dot is a path
        source, colon, rest = text.partition(":")
        return f"{_joined(base, source)}{colon}{rest}" if colon and source.startswith(".") else text
    if path[-3:-1] == ("volumes", _ANY) and not text.startswith("."):
        return text
    return _joined(base, text)


def _joined(base: Path, text: str) -> str:
    return str(base.resolve() / text)
