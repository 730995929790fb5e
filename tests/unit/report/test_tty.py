"""The live table on a real terminal: sizes, colours, encodings, hostile lines, and terminals that stall or go away."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.record.events import Event, LogLine, Note, PhaseChanged, Progress, RunStarted
from fastflow.record.result import State
from fastflow.report.progress import Display, progress_for
from fastflow.report.tty import TtyProgress
from tests.unit.report.screens import PATIENCE, ScreenTerminal

COLOURFUL = {"TERM": "xterm-256color"}
SPEC = """\
workflows:
  web: { build_id: 1, nodes: { record: { mode: recording }, test: { mode: testing } } }
  api: { build_id: 2, nodes: { record: { mode: recording }, test: { mode: testing } } }
"""


def planned(text: str = SPEC) -> Plan:
    (facts,) = check([SpecText("f.yml", Path(), text.encode())], None).specs
    return plan(facts, Path(), Selection())


def started(made: Plan) -> Event:
    return RunStarted(run="r1", phases=tuple(made.phases))


def state(phase: str, name: State, reason: str | None = None, **facts: Any) -> Event:
    return PhaseChanged(phase, name, reason, "recording", **facts)


def log(phase: str, line: str) -> Event:
    return LogLine(phase, line)


@contextmanager
def showing(
    terminal: ScreenTerminal,
    made: Plan | None = None,
    environment: Mapping[str, str] = COLOURFUL,
    mask: Callable[[str], str] = str,
) -> Iterator[TtyProgress]:
    made = made or planned()
    display = TtyProgress(terminal.out, made, mask, environment, period=0.005)
    display(started(made))
    try:
        yield display
    finally:
        display.close()
        terminal.close()


def on_screen(*parts: str) -> Callable[[str], bool]:
    return lambda text: all(part in text for part in parts)


def test_table_shows_each_phase_with_its_state_time_and_what_it_does() -> None:
    terminal = ScreenTerminal()
    with showing(terminal) as display:
        display(state("web.record", "starting"))
        display(log("web.record", "INFO [1]: Recording started"))
        display(state("web.record", "passed", test_record="rec_1"))
        display(state("web.test", "running", test_run="tr_1"))
        display(Progress("web.test", baselines_done=5, baselines=14, requests=612, vulnerabilities=1, seconds_left=20))
        display(state("api.record", "starting"))
        display(log("api.record", "INFO [1]: Recording started"))
        display(state("api.test", "running", test_run="tr_2"))
        terminal.wait_for(on_screen("5 of 14", "Recording started", "✓ passed", "tr_2"))
        lines = terminal.lines()
    assert lines[0].startswith("run r1  ")
    assert lines[0].endswith("1 of 4 ended")
    words = [" ".join(line.split()) for line in lines[1:]]
    words = [re.sub(r"\d+s left", "20s left", word) for word in words]  # it runs down
    assert [re.sub(r"\d\.\ds", "0.1s", word) for word in words] == [
        "web record ✓ passed 0.1s rec_1",
        "web test ▸ running 0.1s ━━━╸────── 5 of 14, 20s left, 1 vulnerability",
        "api record ▸ starting 0.1s INFO [1]: Recording started",
        "api test ▸ running 0.1s tr_2",
        "critical path: web.test",
    ]
    assert terminal.lines() == [""], "the table is gone when the display is closed"


def test_waiting_phase_says_for_what_or_that_it_is_queued() -> None:
    terminal = ScreenTerminal()
    with showing(terminal):
        lines = terminal.wait_for(on_screen("critical path")).splitlines()
    assert [line.partition("waiting")[2].strip() for line in lines[1:5]] == [
        "queued", "after web.record", "queued", "after api.record"
    ]  # fmt: skip


def test_two_phases_have_no_critical_path() -> None:
    terminal = ScreenTerminal()
    two = "workflows: { web: { build_id: 1, nodes: { r: { mode: recording }, t: { mode: testing } } } }"
    with showing(terminal, planned(two)):
        assert terminal.wait_for(on_screen("after web.r")).count("\n") == 2


def running_test(done: int | None = 7, requests: int | None = 100, **facts: Any) -> Event:
    return Progress("web.test", baselines_done=done, baselines=14, requests=requests, **facts)


@pytest.mark.parametrize(
    ("encoding", "environment", "bar"),
    [
        ("utf-8", COLOURFUL, "━━━━━─────"),
        ("utf-8", {**COLOURFUL, "LC_ALL": "C"}, "=====-----"),
        ("ascii", COLOURFUL, "=====-----"),
        ("cp437", COLOURFUL, "=====-----"),
    ],
)
def test_bar_has_the_characters_that_the_terminal_can_show(
    encoding: str, environment: Mapping[str, str], bar: str
) -> None:
    terminal = ScreenTerminal(encoding=encoding)
    with showing(terminal, environment=environment) as display:
        display(state("web.test", "running"))
        display(running_test())
        display(running_test(requests=200))
        terminal.wait_for(on_screen(f"{bar} 7 of 14", "req/s") if encoding != "cp437" else on_screen(bar))


def test_bar_is_full_at_the_end_and_no_wider_if_more_are_done_than_there_are() -> None:
    terminal = ScreenTerminal(columns=200)
    with showing(terminal) as display:
        display(state("web.test", "running"))
        display(running_test(done=20))
        terminal.wait_for(on_screen("━" * 24 + " 20 of 14"))
        assert "━" * 25 not in terminal.text()


def test_narrow_terminal_has_text_and_no_bar() -> None:
    terminal = ScreenTerminal(columns=59)
    with showing(terminal) as display:
        display(state("web.test", "running"))
        display(running_test())
        assert "━" not in terminal.wait_for(on_screen("7 of 14 baselines"))


def test_new_attempt_begins_without_the_progress_of_the_last() -> None:
    terminal = ScreenTerminal()
    with showing(terminal) as display:
        display(state("web.test", "running"))
        display(running_test())
        terminal.wait_for(on_screen("7 of 14"))
        display(state("web.test", "starting"))
        display(state("web.test", "running", test_run="tr_2"))
        assert "7 of 14" not in terminal.wait_for(on_screen("running", "tr_2"))


def test_where_the_baselines_are_not_known_there_is_text() -> None:
    terminal = ScreenTerminal(columns=140)
    with showing(terminal) as display:
        display(state("web.test", "running"))
        display(Progress("web.test", vulnerabilities=0, requests=1, seconds_left=200))
        terminal.wait_for(on_screen("0 vulnerabilities, 1 request, 3m20s left"))


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 24), (40, 6), (20, 3), (10, 2), (200, 60)])
def test_table_fits_any_terminal_and_never_scrolls(columns: int, lines: int) -> None:
    terminal = ScreenTerminal(columns, lines)
    with showing(terminal) as display:
        for phase in planned().phases:
            display(state(phase, "running"))
            display(log(phase, "x" * 300))
        for tick in range(5):
            display(log("web.record", f"tick {tick}"))
            seen = len(terminal.raw)
            terminal.wait_for_more(seen)
        assert not terminal.screen.history.top
        assert terminal.lines()[0].startswith("run r1"[:columns])
    assert terminal.lines() == [""]


def test_narrow_terminal_names_a_phase_in_one_column() -> None:
    terminal = ScreenTerminal(columns=40)
    with showing(terminal) as display:
        display(state("web.record", "running"))
        assert " ".join(terminal.wait_for(on_screen("▸ running")).splitlines()[1].split()).startswith("web.record ▸")


def test_of_a_hundred_phases_a_small_screen_shows_those_that_matter() -> None:
    text = "workflows: {" + ", ".join(
        f"w{at}: {{ build_id: {at}, nodes: {{ record: {{ mode: recording }}, test: {{ mode: testing }} }} }}"
        for at in range(50)
    ) + " }"  # fmt: skip
    terminal = ScreenTerminal()
    with showing(terminal, planned(text)) as display:
        for at in range(30):
            display(state(f"w{at}.record", "passed"))
        display(state("w31.record", "failed", reason="no baseline"))
        display(state("w49.record", "running"))
        shown = terminal.wait_for(on_screen("failed", "▸ running")).splitlines()
        assert len(shown) == 23
        assert "31 of 100 ended, 1 failed" in shown[0]
        assert shown[1].split()[:4] == ["w49", "record", "▸", "running"]
        assert shown[2].split()[:4] == ["w31", "record", "✗", "failed"]
        assert shown[-2].startswith("… and ")
        assert not terminal.screen.history.top


@pytest.mark.parametrize(("columns", "lines"), [(40, 24), (120, 40), (80, 8)])
def test_table_follows_the_size_of_the_window(columns: int, lines: int) -> None:
    terminal = ScreenTerminal()
    with showing(terminal) as display:
        display(state("web.record", "running"))
        terminal.wait_for(on_screen("▸ running"))
        terminal.resize(columns, lines)
        display(log("web.record", "after the change"))
        shown = terminal.wait_for(on_screen("after")).splitlines()
        assert len([line for line in shown if line.startswith("run r1")]) == 1
        assert len([line for line in shown if "running" in line]) == 1
        assert max(map(len, shown)) <= columns
    assert terminal.lines() == [""]


@pytest.mark.parametrize(
    ("environment", "are_coloured"),
    [(COLOURFUL, True), ({**COLOURFUL, "NO_COLOR": "1"}, False), ({**COLOURFUL, "NO_COLOR": ""}, True)],
)
def test_no_color_is_respected(environment: Mapping[str, str], are_coloured: bool) -> None:
    terminal = ScreenTerminal()
    with showing(terminal, environment=environment) as display:
        display(state("web.record", "failed", reason="no"))
        terminal.wait_for(on_screen("failed"))
        assert (terminal.colours() != {"default"}) is are_coloured


@pytest.mark.parametrize(
    ("encoding", "environment"), [("ascii", COLOURFUL), ("utf-8", {**COLOURFUL, "LC_ALL": "C"}), ("latin-1", COLOURFUL)]
)
def test_terminal_without_utf8_gets_what_it_can_show_in_the_same_columns(
    encoding: str, environment: Mapping[str, str]
) -> None:
    terminal = ScreenTerminal(encoding=encoding)
    with showing(terminal, environment=environment) as display:
        display(state("web.record", "passed"))
        display(state("api.record", "running"))
        display(log("api.record", "größe"))
        shown = terminal.wait_for(on_screen("+ passed", "> running", "gr"))
        assert terminal.raw.isascii() or encoding == "latin-1"
        columns = [line.index(word) for line in shown.splitlines() for word in ("passed", "running") if word in line]
        assert len(set(columns)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[2J\x1b[H\x1b[31mred\x1b]0;title\x07",
        "\r\x1b[1A\x1b[K::error::x",
        "##vso[task.complete]\u202e\u200b",
        "名前" * 100,
        "e\N{COMBINING ACUTE ACCENT}" * 200,
        "👩\u200d👩\u200d👧" * 60,
        "[bold]markup[/bold] :smile:",
        "\x00\x9b31m\x85",
        "x" * 100_000,
    ],
)
def test_hostile_line_neither_moves_the_cursor_nor_breaks_the_table(line: str) -> None:
    terminal = ScreenTerminal()
    with showing(terminal) as display:
        display(state("web.record", "running"))
        display(log("web.record", f"begin {line}"))
        display(state("api.record", "running"))
        display(Note("noted", "web.record"))
        shown = terminal.wait_for(on_screen("begin", "api", "noted", "▸ running")).splitlines()
        assert [one.split()[0] for one in shown] == ["web.record:", "run", "web", "web", "api", "api", "critical"]
    assert terminal.lines() == ["web.record: noted"]
    assert terminal.screen.title == ""
    assert b"\x1b]" not in terminal.raw


def test_hostile_note_is_shown_as_text() -> None:
    terminal = ScreenTerminal()
    with showing(terminal) as display:
        display(Note("a\x1b[2Jb\nc" + "d" * 200))
        terminal.wait_for(on_screen("fastflow: a\ufffd[2Jb c", "critical path"))
    assert "".join(terminal.lines()) == "fastflow: a\ufffd[2Jb c" + "d" * 200


def test_tokens_are_masked() -> None:
    terminal = ScreenTerminal()
    with showing(terminal, mask=lambda text: text.replace("sesame", "***")) as display:
        display(state("web.record", "running"))
        display(log("web.record", "open sesame"))
        display(state("api.record", "failed", reason="sesame is wrong"))
        terminal.wait_for(on_screen("open ***", "*** is wrong"))
        display(Note("noted sesame"))
        terminal.wait_for(on_screen("noted ***"))
    assert b"sesame" not in terminal.raw


def test_notes_stay_above_the_table() -> None:
    terminal = ScreenTerminal(lines=10)
    with showing(terminal) as display:
        for at in range(20):
            display(Note(f"note {at}"))
        terminal.wait_for(on_screen("note 19", "critical path"))
    above = ["".join(row[at].data for at in range(80)).rstrip() for row in terminal.screen.history.top]
    assert [line for line in (*above, *terminal.lines()) if line] == [f"fastflow: note {at}" for at in range(20)]


def test_before_the_run_there_are_notes_alone() -> None:
    terminal, made = ScreenTerminal(), planned()
    display = TtyProgress(terminal.out, made, str, COLOURFUL, period=0.005)
    display(Note("building the emulator"))
    terminal.wait_for(on_screen("building the emulator"))
    display(state("web.record", "waiting"))
    assert terminal.text() == "fastflow: building the emulator"
    display(started(made))
    terminal.wait_for(on_screen("run r1"))
    display.close()
    terminal.close()


def test_terminal_that_goes_away_is_no_matter() -> None:
    terminal, made = ScreenTerminal(is_read=False), planned()
    display = TtyProgress(terminal.out, made, str, COLOURFUL, period=0.005)
    display(started(made))
    terminal.go_away()
    display(state("web.record", "running"))
    display.close()
    terminal.close()


def test_terminal_that_stalls_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastflow.report.tty._PATIENCE", 0.01)
    terminal, made = ScreenTerminal(is_read=False), planned()
    display = TtyProgress(terminal.out, made, str, COLOURFUL, period=0.0001)

    def run() -> None:
        display(started(made))
        for at in range(5000):
            display(Note(f"note {at}"))
            display(log("web.record", f"line {at}"))
        display.close()

    running = threading.Thread(target=run)
    running.start()
    running.join(PATIENCE)
    assert not running.is_alive()
    terminal.go_away()
    terminal.close()


def test_fault_of_the_display_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> list[str]:
        raise ZeroDivisionError

    monkeypatch.setattr("fastflow.report.tty.table_lines", fail)
    terminal = ScreenTerminal()
    with showing(terminal) as display:
        display(state("web.record", "running"))
    assert terminal.lines() == [""]


@pytest.mark.parametrize(
    ("kind", "environment", "is_table"),
    [
        ("auto", COLOURFUL, True),
        ("tty", COLOURFUL, True),
        ("plain", COLOURFUL, False),
        ("auto", {"TERM": "dumb"}, False),
        ("tty", {"TERM": "dumb"}, False),
        ("auto", {}, False),
        ("auto", {**COLOURFUL, "BUILDKITE": "true"}, False),
        ("auto", {**COLOURFUL, "CI": "1"}, False),
        ("auto", {**COLOURFUL, "CI": "false"}, True),
        ("tty", {**COLOURFUL, "CI": "1"}, True),
    ],
)
def test_table_is_drawn_where_a_terminal_can_show_it(kind: str, environment: Mapping[str, str], is_table: bool) -> None:
    terminal, made = ScreenTerminal(), planned()
    display: Display = progress_for(kind, terminal.out, made, str, environment)
    assert isinstance(display, TtyProgress) is is_table
    display(started(made))
    terminal.wait_for(on_screen("run r1"))
    display.close()
    terminal.close()
    assert (b"\x1b" in terminal.raw) is is_table


CELLS = """\
workflows:
  web:
    build_id: web${n}
    matrix: { n: [1, 2, 3] }
    nodes: { record: { mode: recording }, test: { mode: testing } }
  api: { build_id: 2, nodes: { record: { mode: recording } } }
"""


def test_cells_of_a_matrix_share_a_row_but_for_those_that_went_wrong() -> None:
    terminal = ScreenTerminal()
    with showing(terminal, planned(CELLS)) as display:
        display(state("web-1.record", "passed"))
        display(state("web-2.record", "running"))
        display(state("web-3.record", "failed", "no record"))
        display(state("web-3.test", "skipped", "no record"))
        terminal.wait_for(on_screen("1 skipped\n"))
        lines = terminal.lines()
    assert lines[0].endswith("3 of 7 ended, 1 failed, 1 skipped")
    assert [re.sub(r"\d\.\ds", "0.1s", " ".join(line.split())) for line in lines[1:]] == [
        "web (2) record ▸ running 0.1s 1 passed, 1 running",
        "web (3) test · waiting 2 waiting, 1 skipped",
        "web-3 record ✗ failed 0.1s no record",
        "api record · waiting queued",
        "critical path: web-1.test",
    ]


def test_all_cells_have_a_row_where_they_are_asked_for() -> None:
    terminal = ScreenTerminal()
    made = planned(CELLS)
    display = TtyProgress(terminal.out, made, str, COLOURFUL, period=0.005, unfolds=True)
    display(started(made))
    terminal.wait_for(on_screen("web-1", "web-2", "web-3", "api"))
    display.close()
    terminal.close()
