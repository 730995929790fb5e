"""Texts with variables, as Docker Compose writes them: `${V}`, `$V`, `${V:-d}`, `${V?m}`, `${V:+a}`, `$$`."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Literal, NamedTuple, TypeAlias, TypeVar, cast

Operator: TypeAlias = Literal["", ":-", "-", ":?", "?", ":+", "+"]
Lookup: TypeAlias = Callable[[str], str | None]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONE = re.compile(r"\$\$|\$(?![A-Za-z_{])")
_OPERATOR = re.compile(r":?[-?+]")
MAX_NESTING = 50


class Variable(NamedTuple):
    """A reference to a variable; `word` is its default, its alternative or its message."""

    name: str
    operator: Operator = ""
    word: tuple["Part", ...] = ()


Part: TypeAlias = str | Variable
Template: TypeAlias = tuple[Part, ...]
Parts = TypeVar("Parts", str, Template)


class TemplateError(ValueError):
    """A text is not a template; `offset` counts characters from 0."""

    def __init__(self, message: str, offset: int, hint: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class UnsetVariableError(LookupError):
    """A variable without a default is not set; `demand` is the message of `${NAME:?message}`, or empty."""

    def __init__(self, name: str, demand: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.demand = demand


def parse_template(text: str, *, is_loose: bool = False) -> Template:
    """Split `text` into literals and variables; raise TemplateError if it is not a template.

    `is_loose` reads it as Compose does: a `$` that does not start a variable stands for itself.
    """
    if is_loose:
        text = _LONE.sub("$$", text)
    parts, end = _parse(text, 0, inside=False, depth=0)
    assert end == len(text)
    return parts


def _parse(text: str, start: int, *, inside: bool, depth: int) -> tuple[Template, int]:
    if depth > MAX_NESTING:
        raise TemplateError("variables are nested too deeply", start, "use fewer nested defaults")
    parts: list[Part] = []
    literal: list[str] = []
    at = start
    while at < len(text) and not (inside and text[at] == "}"):
        stop = at
        while stop < len(text) and text[stop] != "$" and not (inside and text[stop] == "}"):
            stop += 1
        if stop > at:
            literal.append(text[at:stop])
            at = stop
        elif text.startswith("$$", at):
            literal.append("$")
            at += 2
        else:
            if literal:
                parts.append("".join(literal))
                literal = []
            variable, at = _parse_variable(text, at, depth)
            parts.append(variable)
    if literal:
        parts.append("".join(literal))
    return tuple(parts), at


def _parse_variable(text: str, at: int, depth: int) -> tuple[Variable, int]:
    braced = text.startswith("${", at)
    name = _NAME.match(text, at + (2 if braced else 1))
    if name is None:
        raise TemplateError("a `$` that does not start a variable", at, "write `$$` for a dollar sign, or `${NAME}`")
    if not braced:
        return Variable(name.group()), name.end()
    operator = _OPERATOR.match(text, name.end())
    word: Template = ()
    end = name.end()
    if operator is not None:
        word, end = _parse(text, operator.end(), inside=True, depth=depth + 1)
    if end >= len(text) or text[end] != "}":
        raise TemplateError(
            f"`${{{name.group()}` is not closed or has an unknown operator",
            at,
            "use one of ${V} ${V:-default} ${V-default} ${V:?message} ${V?message} ${V:+other} ${V+other}",
        )
    kind = cast(Operator, operator.group() if operator else "")
    return Variable(name.group(), kind, word), end + 1


def resolve(template: Template, lookup: Lookup, *, lenient: bool = False, stand_in: str | None = None) -> str:
    """Return the text of `template` with the values of its variables; raise UnsetVariableError.

    With `lenient` an unset plain variable becomes nothing, as in Compose; `stand_in` replaces every variable that
    would be an error.
    """
    return "".join(part if isinstance(part, str) else _value(part, lookup, lenient, stand_in) for part in template)


def _value(variable: Variable, lookup: Lookup, lenient: bool, stand_in: str | None) -> str:
    value = lookup(variable.name)
    present = value is not None and (value != "" or not variable.operator.startswith(":"))
    kind = variable.operator[-1:]
    if kind == "+":
        return resolve(variable.word, lookup, lenient=lenient, stand_in=stand_in) if present else ""
    if present:
        assert value is not None
        return value
    if kind == "-":
        return resolve(variable.word, lookup, lenient=lenient, stand_in=stand_in)
    if lenient and kind != "?":
        return ""
    if stand_in is not None:
        return stand_in
    raise UnsetVariableError(variable.name, resolve(variable.word, lookup, lenient=True) if kind == "?" else "")


def resolve_known(template: Template, known: Mapping[str, str]) -> Template:
    """Return the rest of a template once some of its variables have values; raises UnsetVariableError.

    An unset variable in a word that may never be needed is not an error: the word is left.
    """
    parts: list[Part] = []
    for part in template:
        if isinstance(part, Variable) and part.name not in known:
            with suppress(UnsetVariableError):
                part = part._replace(word=resolve_known(part.word, known))  # noqa: PLW2901  # the same variable
            parts.append(part)
        elif isinstance(part, Variable):
            parts.extend(_known_part(part, known))
        else:
            parts.append(part)
    return tuple(parts)


def _known_part(variable: Variable, known: Mapping[str, str]) -> Template:
    """The replacement of a variable whose value is known; operators mean the same as in `resolve`."""
    value = known[variable.name]
    present = value != "" or not variable.operator.startswith(":")
    kind = variable.operator[-1:]
    if kind == "+":
        return resolve_known(variable.word, known) if present else ()
    if present:
        return (value,) if value else ()
    if kind == "-":
        return resolve_known(variable.word, known)
    raise UnsetVariableError(variable.name, written(variable.word))


def variables(template: Template) -> Iterator[str]:
    """Yield the name of every variable, including those in defaults, in the order of the text."""
    for part in template:
        if isinstance(part, Variable):
            yield part.name
            yield from variables(part.word)


def canonical(template: Template) -> Template:
    """Reduce a template to its meaning: `${V}`, `$V`, `${V?m}` and `${V:?m}` are one symbol."""
    parts: list[Part] = []
    for part in template:
        if isinstance(part, Variable):
            kind = part.operator[-1:]
            operator: Operator = "" if kind == "?" else part.operator
            parts.append(Variable(part.name, operator, canonical(part.word) if operator else ()))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return tuple(parts)


def blank_if_unset(template: Template) -> Template:
    """Give every plain variable an empty default, as Compose reads unset ones; `${V?m}` stays an error."""
    return tuple(
        part
        if isinstance(part, str)
        else Variable(part.name, part.operator or ":-", blank_if_unset(part.word) if part.operator else ())
        for part in template
    )


def written(template: Template) -> str:
    """Write a template in its shortest form, for messages."""
    return "".join(
        part.replace("$", "$$") if isinstance(part, str) else f"${{{part.name}{part.operator}{written(part.word)}}}"
        for part in template
    )


def literal_ends(template: Template) -> tuple[str, str]:
    """Return the letters that every value of a template begins with, and those that it ends with."""
    if not template:
        return "", ""
    start, end = template[0], template[-1]
    return start if isinstance(start, str) else "", end if isinstance(end, str) else ""


def literal_letters(template: Template) -> Counter[str]:
    """Count the letters outside variables."""
    return Counter("".join(part for part in template if isinstance(part, str)))


def variable_parts(template: Template) -> list[Variable]:
    """Return the variables at the top level of a template, with their defaults."""
    return [part for part in template if isinstance(part, Variable)]


def are_compatible(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether one text could have the literal ends of two templates."""
    starts, ends = sorted((first[0], second[0]), key=len), sorted((first[1], second[1]), key=len)
    return starts[1].startswith(starts[0]) and ends[1].endswith(ends[0])


def without_common_ends(first: Parts, second: Parts) -> tuple[Parts, Parts]:
    """Strip the common beginning and end of both, in linear time."""
    start, shorter = 0, min(len(first), len(second))
    while start < shorter and first[start] == second[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == second[-1 - end]:
        end += 1
    return first[start : len(first) - end], second[start : len(second) - end]


def differs_outside(first: Template, second: Template) -> bool:
    """Prove two templates distinct without looking at states: equal parts have equal values, whatever those are."""
    one, two = without_common_ends(canonical(first), canonical(second))
    if not are_compatible(literal_ends(one), literal_ends(two)):
        return True
    same_variables = Counter(variable_parts(one)) == Counter(variable_parts(two))
    return same_variables and literal_letters(one) != literal_letters(two)
