"""Plain lines: one for each event, with the time and the phase, inert in every CI system's log."""

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.events import Event, LogLine, Note, PhaseChanged, Progress, RunEnded, RunStarted, as_json
from fastflow.record.result import State
from fastflow.report.outlet import Outlet
from fastflow.report.plain import PERIOD, PlainProgress
from fastflow.report.plain_ci import FORMATS, CiFormat, format_for, inert
from fastflow.report.progress import JsonProgress, progress_for

# What the systems read as commands, as their sources do: GitHub's runner (ActionCommand.cs: `::` after trimming, `##[`
# anywhere), Azure's agent (Command.cs: `##vso[` anywhere), TeamCity's parser, GitLab's trace sections.
COMMANDS = (
    re.compile(r"^\s*::", re.MULTILINE),
    re.compile(r"##\["),
    re.compile(r"##vso\[", re.IGNORECASE),
    re.compile(r"##teamcity\[", re.IGNORECASE),
    re.compile(r"\x1b|\x9b|\r"),
)
HOSTILE = (
    "::error::x", "  ::set-env name=X::y", "a ##[error]b", "##vso[task.complete result=Failed;]", "####VSO[x]",
    "##teamcity[buildStop]", "section_start:1:x\r\x1b[0Ky", "\x1b[31mred\x1b]0;t\x07", "\x9b2J", "\u202ea\u200b",
    "one\n::two::", "##[##[##vso[", "##\u200b[x", "\x85::x", "\u2028::x",
)  # fmt: skip
RUN = RunStarted(run="r1", phases=("web.record", "workflow-two.test"))


def changed(phase: str, state: State, reason: str | None = None, **known: Any) -> PhaseChanged:
    return PhaseChanged(phase, state, reason, "recording", **known)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def plain(mask: Callable[[str], str] = str) -> Iterator[tuple[PlainProgress, Clock, Callable[[], list[str]]]]:
    out, clock = io.StringIO(), Clock()
    display = PlainProgress(Outlet(out), mask, RUN.phases, clock)

    def lines() -> list[str]:
        display.close()
        return out.getvalue().splitlines()

    yield display, clock, lines


def test_each_event_is_one_line_with_time_and_phase_in_columns() -> None:
    with plain() as (display, clock, lines):
        display(Note("building the emulator"))
        clock.now += 2.25
        display(RUN)
        display(changed("web.record", "starting"))
        display(LogLine("web.record", "INFO"))
        display(changed("web.record", "ready", test_record="rec_1"))
        display(changed("workflow-two.test", "starting", attempts=1))
        display(changed("workflow-two.test", "running", test_run="tr_1", test_record="rec_1"))
        clock.now += 3600
        display(changed("workflow-two.test", "failed", "because\nof this"))
        display(RunEnded(3))
    assert lines() == [
        "    0.0s  fastflow           building the emulator",
        "    2.2s  fastflow           run r1: 2 phases",
        "    2.2s  web.record         starting",
        "    2.2s  web.record         ready, test record rec_1",
        "    2.2s  workflow-two.test  starting",
        "    2.2s  workflow-two.test  running, test run tr_1",
        " 3602.2s  workflow-two.test  failed after 1 h: because of this",
        " 3602.2s  fastflow           run r1 ended, exit code 3",
    ]


def test_an_id_is_told_when_it_is_new_and_at_the_end() -> None:
    with plain() as (display, clock, lines):
        steps: tuple[tuple[float, State], ...]
        steps = ((0, "starting"), (1, "ready"), (0, "running"), (5, "stopping"), (0.5, "passed"))
        for seconds, state in steps:
            clock.now += seconds
            known = {} if state == "starting" else {"test_record": "rec_1"}
            display(changed("web.record", state, **known))
    assert [line.split("web.record", 1)[1].strip() for line in lines()] == [
        "starting", "ready, test record rec_1", "running", "stopping", "passed after 6.5 s, test record rec_1"
    ]  # fmt: skip


def test_further_attempts_are_counted_and_their_time_is_that_of_all() -> None:
    with plain() as (display, clock, lines):
        for at in (1, 2):
            display(changed("web.record", "starting", attempts=at))
            clock.now += 4
        display(changed("web.record", "cancelled"))
    assert [line.split("web.record", 1)[1].strip() for line in lines()] == [
        "starting", "starting, attempt 2", "cancelled after 8.0 s"
    ]  # fmt: skip


def test_phase_that_never_began_has_no_time() -> None:
    with plain() as (display, _, lines):
        display(changed("web.record", "skipped", "web.x failed"))
    assert lines() == ["    0.0s  web.record         skipped: web.x failed"]


def test_how_far_a_test_run_is_is_said_from_time_to_time_and_when_it_found_more() -> None:
    def at(done: int, found: int) -> Event:
        return Progress("web.test", baselines_done=done, baselines=9, vulnerabilities=found)

    with plain() as (display, clock, lines):
        for seconds, event in ((0, at(1, 0)), (5, at(2, 0)), (5, at(3, 1)), (PERIOD - 1, at(4, 1)), (1, at(5, 1))):
            clock.now += seconds
            display(event)
    assert [line.split("web.test", 1)[1].strip() for line in lines()] == [
        "1 of 9 baselines, 0 vulnerabilities", "3 of 9 baselines, 1 vulnerability", "5 of 9 baselines, 1 vulnerability"
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_inert_line(text: str) -> None:
    with plain() as (display, _, lines):
        display(changed("web.record", "failed", text))
        display(Note(text, "web.record"))
    assert len(lines()) == 2
    for command in COMMANDS:
        assert not command.search("\n".join(lines()))


@given(st.lists(st.sampled_from(["##", "[", "vso[", "VSO[", "teamcity[", "::", " ", "\n", "\t", "\x1b", "a", "\\"])))
def test_no_text_is_a_command_once_it_is_inert(pieces: list[str]) -> None:
    text = inert("".join(pieces))
    for command in COMMANDS:
        assert not command.search(text)


@pytest.mark.parametrize("text", ["https://a::b", "C++ std::vector", "fe80::1", "## heading", "[x](y)", "größe ✓ 名前"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


def test_tokens_are_masked() -> None:
    with plain(lambda text: text.replace("sesame", "***")) as (display, _, lines):
        display(Note("open sesame"))
    assert lines() == ["    0.0s  fastflow           open ***"]


def test_json_is_every_event_but_lines_of_logs() -> None:
    out = io.StringIO()
    display = JsonProgress(Outlet(out), str)
    events: list[Event] = [RUN, LogLine("w.t", "x"), Progress("w.t", requests=3)]
    for event in events:
        display(event)
    display.close()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        json.loads(json.dumps(as_json(event))) for event in (events[0], events[2])
    ]


def test_quiet_is_nothing() -> None:
    out = io.StringIO()
    plan: Any = None
    display = progress_for("quiet", out, plan, str, {})
    display(Note("x"))
    display.close()
    assert out.getvalue() == ""


# What each system documents: the begin and the end of a foldable part, and a message.
DOCUMENTED = {
    "github": ("::group::web.test: log", "::endgroup::", "::error title=web.test%3A a%2Cb::50%25 of it%0Anot"),
    "gitlab": (
        "\x1b[0Ksection_start:1700000000:fastflow_web.test[collapsed=true]\r\x1b[0Kweb.test: log",
        "\x1b[0Ksection_end:1700000000:fastflow_web.test\r\x1b[0K",
        "",
    ),
    "azure": (
        "##[group]web.test: log",
        "##[endgroup]",
        "##vso[task.logissue type=error]web.test: a,b: 50%AZP25 of it%0Anot",
    ),
    "teamcity": (
        "##teamcity[blockOpened name='web.test: log']",
        "##teamcity[blockClosed name='web.test: log']",
        "##teamcity[message text='web.test: a,b: 50% of it|nnot' status='ERROR']",
    ),
    "jenkins": ("web.test: log", "", ""),
}


@pytest.mark.parametrize("system", DOCUMENTED)
def test_each_system_gets_what_it_documents(system: str) -> None:
    ci = format_for(system)
    assert (
        ci.opened("web.test: log", 1_700_000_000),
        ci.closed("web.test: log", 1_700_000_000),
        ci.annotated("error", "web.test: a,b", "50% of it\nnot"),
    ) == DOCUMENTED[system]


def test_warnings_are_warnings() -> None:
    assert [FORMATS[name].annotated("warning", "t", "m") for name in ("github", "azure", "teamcity")] == [
        "::warning title=t::m",
        "##vso[task.logissue type=warning]t: m",
        "##teamcity[message text='t: m' status='WARNING']",
    ]


@pytest.mark.parametrize("system", [*FORMATS, None])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_cannot_leave_what_it_is_put_in(system: str | None, text: str) -> None:
    ci = format_for(system)
    for made in (ci.opened(text, 1), ci.closed(text, 1), ci.annotated("error", text, text)):
        own = {"github": 1, "gitlab": 4, "azure": 1, "teamcity": 1, None: 0}[system]
        assert sum(len(command.findall(made)) for command in COMMANDS) <= own
        assert made.count("]") <= 1 or system != "teamcity" or made.count("|]") == made.count("]") - 1


def test_teamcity_gets_what_is_not_ascii_as_numbers() -> None:
    made = FORMATS["teamcity"].annotated("error", "é'|[]", "名😀")
    assert made == "##teamcity[message text='|0x00E9|'|||[|]: |0x540D|0xFFFD' status='ERROR']"


def test_a_log_outside_of_ci_has_titles_alone() -> None:
    ci = CiFormat()
    assert (ci.opened("t", 1), ci.closed("t", 1), ci.annotated("error", "t", "m")) == ("t", "", "")
