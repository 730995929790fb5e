"""Text to Facts: reads a spec, types it, and joins it with the applications that it names."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from fastflow.application.documents import NO_VARIABLES, file_sources
from fastflow.application.model import Application
from fastflow.application.needs import without_fast
from fastflow.application.reader import ComposeFiles
from fastflow.check.facts import Facts
from fastflow.check.inclusion import FIELD, Joined, with_includers
from fastflow.check.rules.values import invalid_value
from fastflow.diagnostic import Diagnostic, Severity
from fastflow.errors import system_reason
from fastflow.graph import build_graph
from fastflow.model.cells import Expanded, has_matrix, scope_with, scopes_of
from fastflow.model.cloud import DEFAULT_TOKEN, token_fault, token_variable
from fastflow.model.load import Loaded, is_build_id, is_raw, load_spec
from fastflow.model.node_parts import Gate
from fastflow.model.phases import phases_of
from fastflow.model.places import Places
from fastflow.model.spec import Spec
from fastflow.spec.document import Document, Scalar, YamlMap, YamlPath
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import SpecText, read_limited, read_spec

if TYPE_CHECKING:
    from fastflow.model.accept import AcceptFile

_SHORTEST_TOKEN = 8
"""Characters. A shorter value, such as `token` in a test, is not a secret but a word that findings use."""
NO_BUILD_IDS: Mapping[YamlPath, str] = MappingProxyType({})


def load(
    text: SpecText,
    values: Mapping[str, str] | None,
    emulated: str | None = None,
    build_ids: Mapping[YamlPath, str] = NO_BUILD_IDS,
) -> tuple[Facts | None, tuple[Diagnostic, ...]]:
    """Text to Facts: the model with its places, its graph and its applications."""
    reading = read_spec(text.name, text.content)
    if (document := reading.document) is None:
        return None, reading.diagnostics
    whole = _joined(document, text)
    tokens = _tokens(whole.document, values)
    parts = _Parts.of(whole)
    loaded = _typed(parts, text.directory, values, emulated, build_ids)
    found = tuple(
        with_includers(one, whole.inclusions) for one in (*reading.diagnostics, *whole.diagnostics, *loaded.diagnostics)
    )
    if loaded.spec is None or whole.is_broken:
        return None, masked(found, tokens)
    facts, unreadable = _facts(parts, loaded, text, values, is_whole=not found)
    unset = frozenset() if emulated is not None else _unset_tokens(loaded.spec, values)
    facts = replace(facts, tokens=tokens, unset_tokens=unset)
    return _with_accepted(facts, text, (*found, *unreadable))


def _facts(
    parts: "_Parts", loaded: Loaded, text: SpecText, values: Mapping[str, str] | None, *, is_whole: bool
) -> tuple[Facts, tuple[Diagnostic, ...]]:
    """Join the loaded spec with its applications; report those that cannot be read."""
    assert loaded.spec is not None
    applications, compose_files, unreadable = _applications(loaded, parts.variables, text, values)
    facts = Facts(
        document=parts.cells.document,
        spec=loaded.spec,
        places=loaded.places,
        graph=build_graph(phases_of(loaded.spec, values)),
        applications=applications,
        has_values=values is not None,
        is_whole=is_whole,
        compose_files=compose_files,
        malformed_tokens=_malformed_tokens(loaded.spec, values),
        inclusions=parts.whole.inclusions,
        variables=parts.variables,
    )
    return facts, unreadable


def _expanded(document: Document) -> Expanded:
    """Replace matrices by their cells."""
    if not has_matrix(document):
        return Expanded(document)
    from fastflow.model.expansion import expand  # noqa: PLC0415  # most specs have none

    return expand(document)


def _joined(document: Document, text: SpecText) -> Joined:
    """Join the spec with the files that it includes."""
    if document.root.get(FIELD) is None:
        return Joined(document)
    from fastflow.check.including import join  # noqa: PLC0415  # most specs include none

    return join(document, text.directory, len(text.content))


class _Parts(NamedTuple):
    """A spec with its included files, the cells of its matrices, and the variables of its workflows."""

    whole: Joined
    cells: Expanded
    variables: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, whole: Joined) -> "_Parts":
        """Expand the matrices; a workflow has the variables of its file, overridden by those of its matrix."""
        parts = _expanded(whole.document)
        workflows = parts.document.root.get("workflows")
        found: dict[str, Mapping[str, str]] = {}
        if (parts.cells or whole.inclusions) and isinstance(workflows, YamlMap):
            for key, _ in workflows:
                file, cell = whole.inclusions.get(key.mark.file), parts.cells.get(key.text)
                own = {**(file.variables if file else {}), **(cell.variables if cell else {})}
                found |= {key.text: own} if own else {}
        return cls(whole, parts, found)


def _typed(
    parts: _Parts,
    directory: Path,
    values: Mapping[str, str] | None,
    emulated: str | None,
    build_ids: Mapping[YamlPath, str],
) -> Loaded:
    """Replace the variables, each as its field requires, and read the result as a spec."""
    included, cells = parts.whole.inclusions, parts.cells
    interpolated = interpolate(
        cells.document,
        values,
        is_raw,
        stand_in=lambda path: emulated if is_build_id(path) else None,
        known=build_ids.get,
        is_checked=is_build_id,
        scopes=scopes_of(parts.variables, values, cells.at_fault),
        of_files={name: scope_with(file.variables, values) for name, file in included.items() if file.variables},
    )
    document = interpolated.document
    if included:
        from fastflow.check.rebasing import rebased  # noqa: PLC0415  # most specs include none

        document = rebased(document, included, directory)
    loaded = load_spec(document, cells.cells, cells.at_fault)
    return loaded._replace(diagnostics=cells.diagnostics + interpolated.diagnostics + loaded.diagnostics)


def _with_accepted(facts: Facts, text: SpecText, found: tuple[Diagnostic, ...]) -> tuple[Facts, tuple[Diagnostic, ...]]:
    """Read the accept files of gates, each once, and add their faults to the findings.

    A missing file accepts nothing, so that `fastflow accept` can create it after the first run; a name with a
    variable is checked once it has a value.
    """
    files: dict[str, AcceptFile] = {}
    more: list[Diagnostic] = []
    for phase, node in facts.testers:
        path = (*phase.path, "gate", "accept")
        written, place = facts.places.node(*path), facts.places.value(*path)
        accept = node.gate.accept if isinstance(node.gate, Gate) else None
        if accept is None or not isinstance(written, Scalar) or written.symbolic:
            continue
        from fastflow.model.accept import read_accept_file  # noqa: PLC0415  # few specs name such a file

        name = str(Path(text.name).parent / accept)
        try:
            if name not in files:
                files[name] = read_accept_file(name, read_limited(text.directory / accept))
                more += files[name].diagnostics
        except FileNotFoundError:
            message = f"`accept`: {accept} does not exist, so nothing is accepted"
            hint = "fix the path, or create the file with `fastflow accept`"
            more.append(invalid_value.finding(message, place, hint, severity=Severity.WARNING))
        except OSError as fault:
            message = f"`accept`: {accept} cannot be read: {system_reason(fault)}"
            more.append(invalid_value.finding(message, place, "name a file that can be read"))
    return replace(facts, accept_files=files), (*found, *more)


def _applications(
    loaded: Loaded, variables: Mapping[str, Mapping[str, str]], text: SpecText, values: Mapping[str, str] | None
) -> tuple[dict[str, Application], tuple[Document, ...], tuple[Diagnostic, ...]]:
    """Read the applications of workflows: return them, all Compose files as written, and those at fault."""
    files = ComposeFiles(text.directory, values, Path(text.name).parent)
    found: dict[str, Application] = {}
    unreadable: list[Diagnostic] = []
    assert loaded.spec is not None
    seen: dict[int, Application] = {}
    for name, workflow in loaded.spec.workflows.items():
        if workflow.compose is None:
            continue
        path = ("workflows", name, "compose")
        is_list = loaded.places.node(*path, 0) is not None
        marks = [loaded.places.value(*path, *((at,) if is_list else ())).mark for at in range(len(workflow.compose))]
        reading = files.read(file_sources(workflow.compose, marks), variables.get(name, NO_VARIABLES))
        unreadable.extend(reading.diagnostics)
        if reading.application is not None:
            # Many workflows may share one file; they also share its parsed content.
            key = id(reading.application)
            found[name] = seen.setdefault(key, without_fast(reading.application))
    return found, files.files, tuple(unreadable)


def _tokens(document: Document, values: Mapping[str, str] | None) -> frozenset[str]:
    """The values of all tokens that a spec refers to, even if it cannot be loaded."""
    if not values:
        return frozenset()
    written = Places(document.root)
    workflows = written.node("workflows")
    names_of = [key.text for key, _ in workflows] if isinstance(workflows, YamlMap) else []
    clouds = [("cloud",), *(("workflows", name, "cloud") for name in names_of)]
    references = [written.node(*path, "token") for path in clouds]
    names = {token_variable(node.text) for node in references if isinstance(node, Scalar)}
    found = {values.get(name, "") for name in (*names, token_variable(DEFAULT_TOKEN)) if name}
    return frozenset(value for value in found if len(value) >= _SHORTEST_TOKEN)


def _unset_tokens(spec: Spec, values: Mapping[str, str] | None) -> frozenset[str]:
    if values is None:
        return frozenset()
    return frozenset(name for name in spec.token_names if not values.get(name))


def _malformed_tokens(spec: Spec, values: Mapping[str, str] | None) -> dict[str, str]:
    """The faults of the values of tokens, by their variables."""
    found = {name: token_fault((values or {}).get(name, "")) for name in spec.token_names}
    return {name: fault for name, fault in found.items() if fault is not None}


def masked(found: Iterable[Diagnostic], tokens: Collection[str]) -> tuple[Diagnostic, ...]:
    """Mask tokens in findings: any field may contain a variable, by mistake even that of a token."""
    if not tokens:
        return tuple(found)
    from fastflow.masking import Masker  # noqa: PLC0415  # a validation without values has nothing to mask

    mask = Masker(tokens)
    return tuple(
        one._replace(
            message=mask(one.message),
            hint=one.hint and mask(one.hint),
            related=tuple(other._replace(message=mask(other.message)) for other in one.related),
        )
        for one in found
    )
