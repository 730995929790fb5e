"""The meaning of a spec, field by field: two specs mean the same if these are equal, however they are written."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from fastflow.model.load import is_build_id
from fastflow.model.spec import Spec
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlPath

_TOLD_BY_FIELD = (
    (),
    ("cloud",),
    ("hosts",),
    ("hosts", "*"),
    ("workflows",),
    ("workflows", "*"),
    ("workflows", "*", "nodes"),
    ("workflows", "*", "nodes", "*"),
)


def resolved_fields(spec: Spec, written: Document) -> dict[str, str]:
    """Return every field that is set, by its path (`workflows.web.nodes.test.gate`), as a text.

    `defaults` are included in the nodes that they apply to. A BUILD_ID is taken as `written`, because its value
    differs between runs of one spec on purpose.
    """
    fields: dict[str, str] = {}
    for path, value in _fields(spec, ()):
        text = written.locate(path) if is_build_id(path) else None
        fields[".".join(map(str, path))] = text.text if isinstance(text, Scalar) else json.dumps(_plain(value))
    return dict(sorted(fields.items()))


def _fields(value: Any, path: YamlPath) -> Iterator[tuple[YamlPath, Any]]:
    if not any(_matches(path, pattern) for pattern in _TOLD_BY_FIELD):
        yield path, value
        return
    entries = _set_fields(value) if isinstance(value, BaseModel) else value
    for name, entry in entries.items():
        if (*path, name) != ("defaults",):
            yield from _fields(entry, (*path, name))


def _matches(path: YamlPath, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(one in (step, "*") for one, step in zip(pattern, path, strict=True))


def _set_fields(model: BaseModel) -> dict[str, Any]:
    return {name: value for name in type(model).model_fields if (value := getattr(model, name)) is not None}


def _plain(value: Any) -> Any:
    """Make plain data from a value; trees of the file lose their places."""
    if isinstance(value, BaseModel):
        return _plain(_set_fields(value))
    if isinstance(value, Scalar):
        return [value.tag, value.plain, value.text]
    if isinstance(value, YamlList):
        return [value.tag, *(_plain(item) for item in value.items)]
    if isinstance(value, YamlMap):
        return [value.tag, *([key.text, _plain(entry)] for key, entry in value)]
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in sorted(value.items(), key=lambda item: str(item[0]))}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else repr(value)
