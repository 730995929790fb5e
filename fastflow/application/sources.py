"""What a workflow's `compose` names: Compose files and documents, in the order in which they are merged."""

from collections.abc import Sequence as Items
from typing import NamedTuple

from fastflow.diagnostic import Mark
from fastflow.spec.document import YamlMap


class FileSource(NamedTuple):
    """A Compose file that the spec names: the path as written, and where it is written."""

    path: str
    mark: Mark


class InlineSource(NamedTuple):
    """A Compose document that stands in the spec."""

    tree: YamlMap

    @property
    def mark(self) -> Mark:
        """Where it stands."""
        return self.tree.mark


Source = FileSource | InlineSource


def file_sources(compose: Items[str | YamlMap], marks: Items[Mark]) -> tuple[Source, ...]:
    """Make sources of a workflow's `compose`, with the places where its items stand."""
    return tuple(
        FileSource(item, mark) if isinstance(item, str) else InlineSource(item)
        for item, mark in zip(compose, marks, strict=True)
    )
