"""fastflow on one screen: text to Document to Model to findings to Plan; each command stops after one stage.

The last stage, Plan to result, is `fastflow.run.execution`: only `up` needs it, and pays for its import.
"""

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from fastflow.application.model import Application
from fastflow.application.needs import without_fast
from fastflow.application.reader import ComposeFiles, file_sources
from fastflow.check.facts import Facts
from fastflow.check.run import check_specs
from fastflow.diagnostic import Diagnostic, did_you_mean, in_file_order
from fastflow.errors import UsageError
from fastflow.graph import build_graph
from fastflow.model.cloud import DEFAULT_TOKEN, token_fault, token_variable
from fastflow.model.load import Loaded, is_build_id, is_raw, load_spec
from fastflow.model.node import Gate
from fastflow.model.phases import phases_of
from fastflow.model.places import Places
from fastflow.model.spec import Spec
from fastflow.spec.document import Document, Scalar, YamlMap, YamlPath
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import read_spec

if TYPE_CHECKING:
    from fastflow.plan import Plan
    from fastflow.plan.making import Selection

_SHORTEST_TOKEN = 8
"""Characters. A shorter value, such as `token` in a test, is no secret but a word that findings use."""
_NONE: Mapping[YamlPath, str] = MappingProxyType({})


class SpecText(NamedTuple):
    """A spec as it was found: the name that users know it by, its directory, and its bytes."""

    name: str
    directory: Path
    content: bytes


class Checked(NamedTuple):
    """Specs after all checks: the facts of those that could be read, and every finding in file order."""

    specs: tuple[Facts, ...]
    diagnostics: tuple[Diagnostic, ...]


def read(text: SpecText) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Text to Document."""
    reading = read_spec(text.name, text.content)
    return reading.document, reading.diagnostics


def load(
    text: SpecText,
    values: Mapping[str, str] | None,
    emulated: str | None = None,
    build_ids: Mapping[YamlPath, str] = _NONE,
) -> tuple[Facts | None, tuple[Diagnostic, ...]]:
    """Text to Facts: the model with its places, its graph and its applications."""
    document, found = read(text)
    if document is None:
        return None, found
    tokens = _tokens(document, values)
    interpolated = interpolate(
        document,
        values,
        is_raw,
        stand_in=lambda path: emulated if is_build_id(path) else None,
        known=build_ids.get,
        is_checked=is_build_id,
    )
    loaded = load_spec(interpolated.document)
    found += interpolated.diagnostics + loaded.diagnostics
    if loaded.spec is None:
        return None, _masked(found, tokens)
    files = ComposeFiles(text.directory, values, Path(text.name).parent)
    applications, unreadable = _applications(loaded, files)
    facts = Facts(
        document=document,
        spec=loaded.spec,
        places=loaded.places,
        graph=build_graph(phases_of(loaded.spec, values)),
        applications=applications,
        has_values=values is not None,
        is_whole=not found,
        compose_files=files.files,
        unset_tokens=frozenset() if emulated is not None else _unset_tokens(loaded.spec, values),
        tokens=tokens,
        malformed_tokens=_malformed_tokens(loaded.spec, values),
    )
    facts, accepted = _with_accepted(facts, text)
    return facts, (*found, *unreadable, *accepted)


def _with_accepted(facts: Facts, text: SpecText) -> tuple[Facts, Sequence[Diagnostic]]:
    """Read the files that gates accept vulnerabilities by."""
    if not any(isinstance(node.gate, Gate) and node.gate.accept for _, node in facts.testers):
        return facts, ()
    from fastflow.check.accept_file import with_accept_files  # noqa: PLC0415  # few specs name such a file

    return with_accept_files(facts, text.directory, Path(text.name).parent)


def check(
    texts: Sequence[SpecText],
    values: Mapping[str, str] | None,
    emulated: str | None = None,
    asked: Iterable[Diagnostic] = (),
    build_ids: Mapping[YamlPath, str] = _NONE,
) -> Checked:
    """Facts to findings, over all specs together.

    Without `values` every variable is a symbol. `emulated` is the run's id where the emulator stands in for the
    cloud: an unset token is no error then, and unset variables of BUILD_IDs take the id for their value. `asked` are
    findings of Docker Compose, where it was asked: the spec's levels and ignore comments hold for them, too.
    `build_ids` are the values that BUILD_IDs with variables have from an earlier run, by their paths.
    """
    with _no_garbage():
        loaded = [load(text, values, emulated, build_ids) for text in texts]
        specs = tuple(facts for facts, _ in loaded if facts is not None)
        earlier = [*(finding for _, found in loaded for finding in found), *asked]
        diagnostics = check_specs(specs, earlier)
    tokens = frozenset[str]().union(*(facts.tokens for facts in specs))
    return Checked(specs, in_file_order(_masked(diagnostics, tokens), (text.name for text in texts)))


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Pause the collector: all that is read here stays, and looking for garbage in it doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _tokens(document: Document, values: Mapping[str, str] | None) -> frozenset[str]:
    """The values of all tokens that a spec refers to, also if it cannot be loaded."""
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


def _masked(found: Iterable[Diagnostic], tokens: Collection[str]) -> tuple[Diagnostic, ...]:
    """Let no finding show a token: any field may hold a variable, and this one by mistake."""
    if not tokens:
        return tuple(found)
    from fastflow.masking import masker  # noqa: PLC0415  # a validation without values has nothing to mask

    mask = masker(tokens)
    return tuple(
        one._replace(
            message=mask(one.message),
            hint=one.hint and mask(one.hint),
            related=tuple(other._replace(message=mask(other.message)) for other in one.related),
        )
        for one in found
    )


def _unset_tokens(spec: Spec, values: Mapping[str, str] | None) -> frozenset[str]:
    if values is None:
        return frozenset()
    return frozenset(name for name in _token_names(spec) if not values.get(name))


def _malformed_tokens(spec: Spec, values: Mapping[str, str] | None) -> dict[str, str]:
    """What is wrong with the values of tokens, by their variables."""
    found = {name: token_fault((values or {}).get(name, "")) for name in _token_names(spec)}
    return {name: fault for name, fault in found.items() if fault is not None}


def _token_names(spec: Spec) -> set[str]:
    return {spec.cloud_of(workflow).token_name for workflow in spec.workflows}


def plan(
    facts: Facts,
    directory: Path,
    selection: "Selection",
    max_parallel: int | None = None,
    kept_out: tuple[str, ...] = (),
) -> "Plan":
    """Facts to Plan; raises UsageError where the selection makes no sense.

    `kept_out` are variables that Docker's own settings would put into every container.
    """
    from fastflow.plan.making import make_plan  # noqa: PLC0415  # a validation stops before this stage

    for name in selection.workflows:
        if name not in facts.spec.workflows:
            hint = did_you_mean(name, list(facts.spec.workflows))
            raise UsageError(f"there is no workflow `{name}`", hint or f"there are {', '.join(facts.spec.workflows)}")
    made = make_plan(facts, directory=directory, selection=selection, max_parallel=max_parallel, kept_out=kept_out)
    if not any(selection.includes(phase) for phase in facts.phases):
        raise UsageError("no phase is selected: the chosen workflows have none of that mode", "see: fastflow plan")
    return made


def _applications(loaded: Loaded, files: ComposeFiles) -> tuple[dict[str, Application], tuple[Diagnostic, ...]]:
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
        reading = files.read(file_sources(workflow.compose, marks))
        unreadable.extend(reading.diagnostics)
        if reading.application is not None:
            # Many workflows may share one file: they share what was read of it, too.
            key = id(reading.application)
            found[name] = seen.setdefault(key, without_fast(reading.application))
    return found, tuple(unreadable)
