"""Templates by the states of their variables: the word of each if a variable is set, empty or not set."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from fastflow.ci import CI_ID, RUN_ID
from fastflow.spec.template import Template, Variable
from fastflow.spec.word_equations import FIRST_VARIABLE

ALWAYS_SET = frozenset({RUN_ID, CI_ID})
_ALLOWED = re.compile(r"[A-Za-z0-9]*")


class State(Enum):
    """The state of a variable; NOT_EMPTY is a word of letters and digits."""

    NOT_EMPTY = "not empty"
    EMPTY = "empty"
    UNSET = "not set"


class Symbols(dict[str, str]):
    """The character that stands for each variable in a word, by name, assigned as names occur."""

    def __missing__(self, name: str) -> str:
        self[name] = chr(ord(FIRST_VARIABLE) + len(self))
        return self[name]


class Leaf(NamedTuple):
    """The words of two templates in some states of their variables."""

    states: Mapping[str, State]
    first: str
    second: str


class _UndecidedError(LookupError):
    """The result depends on the state of the variable `name`, which is not known yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _RefusedError(ValueError):
    """`up` would refuse: a required variable is not set, or a character is not a letter or digit."""


def split_states(first: Template, second: Template, symbols: Symbols) -> Iterator[Leaf | None]:
    """Yield the words of both templates for all states that matter; only states that decide are split.

    None stands for states that do not count, so that a caller may count them as work.
    """
    waiting: list[dict[str, State]] = [{}]
    while waiting:
        states = waiting.pop()
        try:
            yield Leaf(states, _word(first, states, symbols), _word(second, states, symbols))
        except _UndecidedError as undecided:
            # The last is taken first: if values make two equal, set ones are the simplest to name.
            waiting.extend({**states, undecided.name: state} for state in reversed(State))
        except _RefusedError:
            yield None


def word_in_state(template: Template, state: State, symbols: Symbols) -> str | None:
    """Return the word of a template if all its variables are in one state; None if that does not count."""
    states: dict[str, State] = {}
    while True:
        try:
            return _word(template, states, symbols)
        except _UndecidedError as undecided:
            states[undecided.name] = state
        except _RefusedError:
            return None


def _word(template: Template, states: Mapping[str, State], symbols: Symbols) -> str:
    return "".join(_letters(part) if isinstance(part, str) else _value(part, states, symbols) for part in template)


def _letters(text: str) -> str:
    if not _ALLOWED.fullmatch(text):
        raise _RefusedError
    return text


def _value(variable: Variable, states: Mapping[str, State], symbols: Symbols) -> str:
    """The word of one variable; operators mean the same as in `resolve`."""
    state = State.NOT_EMPTY if variable.name in ALWAYS_SET else states.get(variable.name)
    if state is None:
        raise _UndecidedError(variable.name)
    present = state is State.NOT_EMPTY or (state is State.EMPTY and not variable.operator.startswith(":"))
    kind = variable.operator[-1:]
    if kind == "+":
        return _word(variable.word, states, symbols) if present else ""
    if present:
        return symbols[variable.name] if state is State.NOT_EMPTY else ""
    if kind == "-":
        return _word(variable.word, states, symbols)
    raise _RefusedError
