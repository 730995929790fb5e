"""Asks Docker Compose about the projects of specs, for `fastflow validate --compose`."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastflow.app.environment import absolute_files, docker_environment, engine_environment, own_variables
from fastflow.app.specs import identity
from fastflow.check.facts import Facts
from fastflow.check.rules.containers import rejected
from fastflow.compose import ComposeFile, ComposeText, compile_project
from fastflow.diagnostic import Diagnostic, Severity
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineCallError, EngineTimeoutError
from fastflow.masking import Masker
from fastflow.pipeline import Checked, SpecText, check, plan
from fastflow.plan.making import Selection
from fastflow.settings import RunSettings
from fastflow.spec.document import YamlList, YamlMap, YamlNode
from fastflow.spec.reader import read_documents, read_limited
from fastflow.spec.writer import dump

_RUN = "0"
_AT_ONCE = 8
_WHERE = re.compile(r"validating .*?: ")
"""Compose's prefix of a complaint: the file, which may differ for equal texts."""
_TEXTS_OF_NODES = ("environment", "labels")


def check_with_compose(
    checked: Checked, values: Mapping[str, str] | None, env_files: Sequence[str]
) -> tuple[Checked, tuple[str, ...]]:
    """Check specs again, with the findings of Docker Compose for those without errors; the others have no project yet.

    Also return the names of those others. Without `values` no variable is read, and texts that depend on one are not
    checked. Needs no engine; raises EngineError if there is no Docker Compose v2.
    """
    at_fault = {found.mark.file for found in checked.diagnostics if found.severity is Severity.ERROR}
    texts = {text.name: text for text in checked.texts}
    questions = [
        _Question(texts[facts.document.file], facts, name, values, env_files)
        for facts in checked.specs
        if facts.document.file not in at_fault
        for name, workflow in facts.spec.workflows.items()
        if values is not None or not any(isinstance(file, str) and "$" in file for file in workflow.compose or ())
    ]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="compose") as pool:
        open_engine(docker_environment()).compose_version()  # else its absence would look like a fault of each project
        asked = [found for found in pool.map(_Question.answer, questions) if found is not None]
    return check(checked.texts, values, asked=asked), tuple(name for name in texts if name in at_fault)


class _Question:
    """The question to Compose about one workflow."""

    def __init__(
        self,
        text: SpecText,
        facts: Facts,
        workflow: str,
        values: Mapping[str, str] | None,
        env_files: Sequence[str],
    ) -> None:
        self.facts, self.workflow = facts, workflow
        self.token = facts.spec.cloud_of(workflow).token_name
        self.values = values
        made = plan(facts, text.directory, Selection())
        settings = RunSettings(_RUN, identity(text), env_files=absolute_files(env_files))
        self.project = compile_project(made, made.workflows[workflow], settings)
        if values is None:
            self.project = replace(self.project, env_files=(os.devnull,))  # else Compose would read `.env` by itself

    def answer(self) -> Diagnostic | None:
        """Ask, and return a finding if Compose rejects the project."""
        try:
            self._ask()
        except EngineTimeoutError:
            raise
        except EngineCallError as error:
            if self.values is None and self._is_of_a_variable(error.message):
                return None
            mask = Masker(value for value in [(self.values or {}).get(self.token)] if value)
            return rejected(self.facts, self.workflow, mask(error.message))
        return None

    def _ask(self) -> None:
        if self.values is not None:
            open_engine(engine_environment(own_variables(self.values))).compose.config(self.project)
            return
        engine = open_engine({**docker_environment(), self.token: "token"})
        resolved = json.loads(engine.compose.config(self.project, interpolate=False))
        # Compose judges numbers, ports and names only once it has replaced the variables.
        if not any(self._is_open(path, value) for path, value in _texts(resolved)):
            engine.compose.config(self.project)

    def _is_of_a_variable(self, message: str) -> bool:
        """Whether Compose complains about a variable without a value yet, such as one for a name, a path or a protocol.

        That is so if it has no such complaint about the project without all texts that contain a variable.
        """
        if "$" in message:
            return True
        try:
            sources = tuple(ComposeText(_without_variables(source)) for source in self.project.sources)
            open_engine(docker_environment()).compose.config(replace(self.project, sources=sources))
        except EngineTimeoutError:
            raise
        except EngineCallError as error:
            return _WHERE.sub("", error.message) != _WHERE.sub("", message)
        return True

    def _is_open(self, path: Sequence[str], value: str) -> bool:
        """Whether a text contains a variable whose value Compose would judge, or a reference that must be set.

        A doubled dollar marks a text that fastflow itself has left open; no text in the environment or labels is wrong.
        """
        left = value.replace(f"${{{self.token}}}", "")
        return "$" in (left.replace("$$", "") if set(path) & set(_TEXTS_OF_NODES) else left)


def _without_variables(source: ComposeFile | ComposeText) -> str:
    content = source.text.encode() if isinstance(source, ComposeText) else read_limited(Path(source.path))
    trees = (_stripped(document.root) for document in read_documents("", content).documents)
    return "\n---\n".join(dump(tree) for tree in trees if isinstance(tree, YamlMap))


def _stripped(node: YamlNode) -> YamlNode | None:
    """Leave out every key, value and item that contains a variable."""
    if isinstance(node, YamlMap):
        pairs = ((key, _stripped(value)) for key, value in node if _stripped(key) is not None)
        return replace(node, entries=tuple((key, value) for key, value in pairs if value is not None))
    if isinstance(node, YamlList):
        items = (_stripped(item) for item in node.items)
        return replace(node, items=tuple(item for item in items if item is not None))
    return None if "$" in node.text.replace("$$", "") else node


def _texts(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _texts(value, (*path, str(key)))
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts(value, path)
    elif isinstance(tree, str):
        yield path, tree
