"""The options with which Compose is called for a project."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fastflow.compose import ComposeFile, ComposeProject, ComposeText
from fastflow.spec.writer import as_mapping, dump

_VALUE = "FASTFLOW_VALUE_"


def needs_files(project: ComposeProject) -> bool:
    """Whether a text stands before a file, so that it has to be written down for the call."""
    return any(isinstance(source, ComposeText) for source in _split(project)[0])


def options_of(project: ComposeProject, scratch: Path) -> tuple[list[str], str]:
    """Return the global options of a Compose call and its stdin.

    Only one `-f` can be stdin, so all texts after the last file go there as the documents of one YAML stream, which
    Compose merges in order, `!reset` and `!override` included. A text before a file is written to `scratch`.
    """
    where = ["--project-name", project.name, "--project-directory", project.directory]
    leading, trailing = _split(project)
    files = [
        _written(source.text, scratch / f"{at}.yml") if isinstance(source, ComposeText) else source.path
        for at, source in enumerate(leading)
    ]
    words = [word for path in (*files, *(["-"] if trailing else [])) for word in ("--file", path)]
    env_files = [word for path in project.env_files for word in ("--env-file", path)]
    return [*where, *words, *env_files], "\n---\n".join(trailing)


def _split(project: ComposeProject) -> tuple[list[ComposeFile | ComposeText], list[str]]:
    leading, trailing = list(project.sources), list[str]()
    while leading and isinstance(last := leading[-1], ComposeText):
        trailing.insert(0, last.text)
        leading.pop()
    return leading, trailing


def _written(text: str, path: Path) -> str:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return str(path)


def with_environment(
    project: ComposeProject, service: str, values: Mapping[str, str]
) -> tuple[ComposeProject, dict[str, str]]:
    """Add variables to a service; return the project and the environment that the call then needs.

    The values travel under names of our own: never on a command line, and a `PATH`, `HTTP_PROXY` or `TAG` that is
    meant for the container changes neither the call nor how the project's own variables are read.
    """
    if not values:
        return project, {}
    references = {name: f"${{{_VALUE}{at}}}" for at, name in enumerate(values)}
    document = dump(as_mapping({"services": {service: {"environment": references}}}))
    environment = {f"{_VALUE}{at}": value for at, value in enumerate(values.values())}
    return replace(project, sources=(*project.sources, ComposeText(document))), environment
