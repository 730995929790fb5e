"""The `env_file`s of services: everything else in a service's environment overrides their values."""

from collections.abc import Iterator
from collections.abc import Mapping as Values
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fastflow.files import is_file, resolved
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.dotenv import escape, parse_env, parse_env_symbols, parse_raw
from fastflow.spec.reader import read_limited
from fastflow.spec.template import TemplateError, UnsetVariableError, parse_template, resolve

KEY = "env_file"


def anchored(service: YamlNode, directory: Path, *, is_symbolic: bool = False) -> YamlNode:
    """Make the paths in a service's `env_file` absolute, so that the service can be merged with those of other files.

    With `is_symbolic` no variable has a value yet, and paths are resolved with defaults.
    """
    written = service.get(KEY) if isinstance(service, YamlMap) else None
    if written is None or not isinstance(service, YamlMap):
        return service
    return service.with_value(KEY, _anchored(written, directory, is_symbolic))


def _anchored(node: YamlNode, directory: Path, is_symbolic: bool) -> YamlNode:
    if isinstance(node, Scalar):
        path = _by_default(node.text) if is_symbolic else node.text
        # A value that `!reset` removes is not a path.
        return replace(node, text=str(resolved(directory) / path)) if path and not node.is_null else node
    if isinstance(node, YamlList):
        return replace(node, items=tuple(_anchored(item, directory, is_symbolic) for item in node.items))
    file = node.get("path")
    return node if file is None else node.with_value("path", _anchored(file, directory, is_symbolic))


def _by_default(path: str) -> str:
    with suppress(TemplateError, UnsetVariableError):
        return resolve(parse_template(path), lambda _: None)
    return ""


def read_env_files(
    service: YamlNode, own: Values[str, str | None], values: Values[str, str] | None
) -> dict[str, str | None]:
    """Read the files' variables, later files over earlier; Compose judges a file that cannot be read.

    A value may refer to `values`, to the `own` variables of the service, and to the lines above it, in this order.
    """
    found: dict[str, str | None] = {}
    for path, form in _files(service.get(KEY) if isinstance(service, YamlMap) else None):
        # Compose takes the bytes of another encoding as they are; names are the same in all common encodings.
        with suppress(OSError, ValueError):
            if is_file(path):
                _read(read_limited(path).decode(errors="replace").removeprefix("\ufeff"), form, own, values, found)
    return found


def _read(
    text: str,
    form: str | None,
    own: Values[str, str | None],
    values: Values[str, str] | None,
    found: dict[str, str | None],
) -> None:
    def lookup(name: str) -> str | None:
        value = (values or {}).get(name)
        return own.get(name) if value is None else value

    if form == "raw":
        read = parse_raw(text, lookup)
        if values is None:
            found |= {name: value and escape(value) for name, value in read.items()}
        else:
            found |= {name: value for name, value in read.items() if value is not None}
    elif values is None:
        found |= parse_env_symbols(text)
    else:
        known = {name: value for name, value in found.items() if value is not None}
        parse_env(text, known, lookup)
        found |= known


def _files(node: YamlNode | None) -> Iterator[tuple[Path, str | None]]:
    for item in node.items if isinstance(node, YamlList) else (node,):
        written, form = (item.get("path"), item.get("format")) if isinstance(item, YamlMap) else (item, None)
        if isinstance(written, Scalar) and written.text:
            yield Path(written.text), form.text if isinstance(form, Scalar) else None


def with_environment(service: YamlNode, values: Values[str, str] | None) -> YamlNode:
    """Give variables that a service lists without a value their value in the file of the service.

    As in Compose, such a variable in a mapping has the value of the whole project.
    """
    listed = service.get("environment") if isinstance(service, YamlMap) else None
    if values is None or not isinstance(service, YamlMap) or not isinstance(listed, YamlList):
        return service
    return service.with_value(
        "environment", replace(listed, items=tuple(_given(item, values) for item in listed.items))
    )


def _given(item: YamlNode, values: Values[str, str]) -> YamlNode:
    if isinstance(item, Scalar) and "=" not in item.text and item.text in values:
        return replace(item, text=f"{item.text}={values[item.text]}")
    return item
