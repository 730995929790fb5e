"""The `env_file`s of services: what they set is the weakest part of a service's environment."""

from collections.abc import Iterator
from collections.abc import Mapping as Values
from dataclasses import replace
from pathlib import Path

from fastflow.spec.document import Mapping, Node, Scalar, Sequence
from fastflow.spec.env_file import read_env_file
from fastflow.spec.template import TemplateError, UnsetVariableError, parse_template, resolve

KEY = "env_file"


def anchored(service: Node, directory: Path) -> Node:
    """Make the paths in a service's `env_file` absolute, so that it can be merged with services of other files."""
    written = service.get(KEY) if isinstance(service, Mapping) else None
    if written is None or not isinstance(service, Mapping):
        return service
    entries = tuple((key, _anchored(value, directory) if key.text == KEY else value) for key, value in service)
    return Mapping(entries, service.mark, service.tag, service.origin)


def _anchored(node: Node, directory: Path) -> Node:
    if isinstance(node, Scalar):
        # What `!reset` takes away is no path, and a variable may hold an absolute one.
        is_path = not node.is_null and not node.text.startswith("$")
        return replace(node, text=str(directory.resolve() / node.text)) if is_path else node
    if isinstance(node, Sequence):
        return replace(node, items=tuple(_anchored(item, directory) for item in node.items))
    entries = tuple((key, _anchored(value, directory) if key.text == "path" else value) for key, value in node)
    return Mapping(entries, node.mark, node.tag, node.origin)


def read_env_files(service: Node, values: Values[str, str] | None) -> dict[str, str | None]:
    """Read what the files set, later over earlier; one that cannot be read is left for Compose to judge."""
    found: dict[str, str | None] = {}
    for path in _paths(service.get(KEY) if isinstance(service, Mapping) else None):
        try:
            read = read_env_file(path) if path.is_file() else {}
        except (OSError, ValueError):
            continue
        for name, value in read.items():
            found[name] = value if value is None or values is None else _resolved(value, {**found, **values})
    return found


def _paths(node: Node | None) -> Iterator[Path]:
    for item in node.items if isinstance(node, Sequence) else (node,):
        written = item.get("path") if isinstance(item, Mapping) else item
        if isinstance(written, Scalar) and written.text:
            yield Path(written.text)


def _resolved(text: str, values: Values[str, str | None]) -> str:
    try:
        return resolve(parse_template(text), values.get, lenient=True)
    except (TemplateError, UnsetVariableError):
        return text
