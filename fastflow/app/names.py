"""Names for completing a command line: those of its spec, of runs, of rules."""

from collections.abc import Mapping

from fastflow.app.runs_dir import runs_dir_of
from fastflow.app.specs import directory_of_runs, read_spec_text
from fastflow.errors import FastflowError
from fastflow.spec.document import YamlMap, YamlNode


def nodes_of(given: str | None) -> Mapping[str, tuple[str, ...]]:
    """The nodes of each workflow as written in the spec, even if it has errors; none if it cannot be read."""
    from fastflow.spec.reader import read_spec  # noqa: PLC0415  # names of runs need no YAML

    try:
        text = read_spec_text(given)
    except FastflowError:
        return {}
    document = read_spec(text.name, text.content).document
    workflows = _entries(document.root.get("workflows") if document else None)
    return {
        name: tuple(_entries(tree.get("nodes") if isinstance(tree, YamlMap) else None))
        for name, tree in workflows.items()
    }


def runs_here(given: str | None) -> tuple[str, ...]:
    """The ids of the runs of the spec here, the latest first; `given` is their directory."""
    try:
        return tuple(folder.name for folder in runs_dir_of(given).folders(directory_of_runs()))
    except FastflowError:
        return ()


def _entries(tree: YamlNode | None) -> dict[str, YamlNode]:
    found = tree if isinstance(tree, YamlMap) else ()
    return {key.text: value for key, value in found if not key.text.startswith("x-")}
