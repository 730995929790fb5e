"""build-id-format: a BUILD_ID contains only letters and digits (Wallarm's FAST documentation)."""

import re
from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.phases import Phase, template_of
from fastflow.spec.document import Scalar
from fastflow.spec.template import (
    Template,
    TemplateError,
    UnsetVariableError,
    Variable,
    parse_template,
    resolve,
    variables,
)

_ALLOWED = re.compile(r"[A-Za-z0-9]+")
_USE_CI_ID = "use ${FASTFLOW_CI_ID}, which identifies the CI run in letters and digits"
# GitHub's and Azure's expressions, Azure's and Jenkins's macros, TeamCity's parameters.
_OF_CI_FILES = re.compile(r"\{\{|\$\(|\$\[|%[\w.]+%|@\w+@")
_NOT_HERE = (
    "write a variable as ${NAME}, because that syntax works only in CI files; ${FASTFLOW_CI_ID} identifies the CI run"
)
_BLANKS = {" ": "a space", "\t": "a tab", "\n": "a line break, which `|` and `>` keep (`|-` and `>-` do not)"}
_FORMS = "write a variable as ${NAME}, or with a default as ${NAME:-1}, and otherwise use only letters and digits"


@Rule("build-id-format", "error", "a BUILD_ID that is not letters and digits").for_each_spec
def build_id_format(facts: Facts) -> Iterator[Diagnostic]:
    """Check every BUILD_ID as written, once for each place where one is written."""
    for phase, build_id in facts.with_build_ids:
        yield from _one(facts, phase, build_id)


def _one(facts: Facts, phase: Phase, build_id: str) -> Iterator[Diagnostic]:
    place = facts.build_id_place(phase)
    template: Template = template_of(build_id) if facts.is_template(phase) else (build_id,)
    if not build_id:
        hint = "write letters and digits, such as web${FASTFLOW_CI_ID}"
        yield build_id_format.finding("the BUILD_ID is empty", place, hint)
        return
    written = facts.document.locate(phase.build_id_path)
    broken = _broken(written.text) if isinstance(written, Scalar) else None
    if broken is not None:
        hint = _NOT_HERE if _OF_CI_FILES.search(build_id) else _FORMS
        yield build_id_format.finding(
            f"the BUILD_ID `{_shown(build_id)}` is not a valid template: {broken}", place, hint
        )
        return
    fault = next(_faults(template), None)
    if fault is not None:
        hint = _NOT_HERE if _OF_CI_FILES.search(build_id) else "use only letters and digits in a BUILD_ID"
        yield build_id_format.finding(fault, place, hint)
    names = dict.fromkeys(_inserted(template))
    if not names:
        return
    from fastflow.check.ci_variables import UNFIT_VARIABLES  # noqa: PLC0415  # a long list, for variables only

    for name in names:
        if name in UNFIT_VARIABLES:
            message = f"the value of {name} is not letters and digits ({UNFIT_VARIABLES[name]})"
            yield build_id_format.finding(message, place, _USE_CI_ID)


def _broken(text: str) -> str | None:
    """Say which part of a text makes it an invalid template."""
    try:
        parse_template(text)
    except TemplateError as fault:
        return str(fault)
    return None


def _inserted(template: Template) -> Iterator[str]:
    """The variables whose values may become part of the BUILD_ID: `${V:+other}` only asks whether V is set."""
    for part in template:
        if isinstance(part, Variable):
            if part.operator[-1:] != "+":
                yield part.name
            yield from _inserted(part.word)


def _faults(template: Template) -> Iterator[str]:
    """Say why a template, or a default in it, can never be letters and digits."""
    for part in template:
        if isinstance(part, str):
            yield from _foreign(part, f"the BUILD_ID `{_shown(part)}` contains")
        elif part.operator[-1:] in ("-", "+"):
            for word in _literals(part.word):
                yield from _foreign(word, f"the text `{_shown(word)}` for {part.name} contains")
    if _when_nothing_is_set(template) == "":
        names = ", ".join(dict.fromkeys(variables(template)))
        yield f"the BUILD_ID is empty if {names} is not set"


def _when_nothing_is_set(template: Template) -> str | None:
    """The BUILD_ID in an environment without variables; None if it requires one."""
    try:
        return resolve(template, lambda _: None)
    except UnsetVariableError:
        return None


def _literals(template: Template) -> Iterator[str]:
    for part in template:
        if isinstance(part, str):
            yield part
        else:
            yield from _literals(part.word)


def _foreign(text: str, beginning: str) -> Iterator[str]:
    if text and not _ALLOWED.fullmatch(text):
        foreign = next(character for character in text if not _ALLOWED.fullmatch(character))
        name = _BLANKS.get(foreign) or (f"`{foreign}`" if foreign.isprintable() else f"U+{ord(foreign):04X}")
        yield f"{beginning} {name}"


def _shown(text: str) -> str:
    text = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
    return text if len(text) <= 60 else text[:57] + "..."
