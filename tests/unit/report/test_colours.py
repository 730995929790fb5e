"""Which streams show colours: terminals, unless they are told otherwise."""

import io
from collections.abc import Mapping

import pytest

from fastflow.report.colours import has_colours, terminal_size
from tests.unit.report.screens import ScreenTerminal


@pytest.mark.parametrize(
    ("environment", "on_terminal", "elsewhere"),
    [
        ({"TERM": "xterm"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_for_terminals_unless_told_otherwise(
    environment: Mapping[str, str], on_terminal: bool, elsewhere: bool
) -> None:
    terminal = ScreenTerminal()
    shown = has_colours(terminal.out, environment), has_colours(io.StringIO(), environment)
    terminal.close()
    assert shown == (on_terminal, elsewhere)


def test_size_is_that_of_the_window_and_none_of_a_pipe() -> None:
    terminal = ScreenTerminal(columns=100, lines=30)
    assert terminal_size(terminal.out) == (100, 30)
    terminal.resize(70, 10)
    assert terminal_size(terminal.out) == (70, 10)
    terminal.close()
    assert terminal_size(io.StringIO()) is None
