"""What is seen of real runs: on terminals, in pipes, in the logs of CI systems; whatever nodes write stays text."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.unit.report.screens import ScreenTerminal

from .nodes import FOUND, PASSED, attacks, node, records, spec_of
from .runs import BINARY, TIMEOUT, Ended, Fastflow, spec, workflow

pytestmark = pytest.mark.e2e

TERMINAL = {"TERM": "xterm-256color", "NO_COLOR": "", "CI": "", "GITHUB_ACTIONS": "", "LC_ALL": "C.UTF-8"}
SYSTEMS = {
    "github": {"GITHUB_ACTIONS": "true", "CI": "true"},
    "gitlab": {"GITLAB_CI": "true", "CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "teamcity": {"TEAMCITY_VERSION": "2025.03"},
    "none": {},
}
NO_SYSTEM = {name: "" for system in SYSTEMS.values() for name in system}
HOSTILE = (
    "::error file=a,line=1::mine",
    "::add-mask::e",
    "##[error]mine",
    "##vso[task.complete result=Succeeded;]",
    "##VSO[task.setvariable variable=PATH]/mine",
    "##teamcity[buildStop comment='mine' readdToQueue='true']",
    r"\033[0Ksection_start:1:mine\r\033[0Kmine",
    r"\033[2J\033[1;31mred\033]0;title\007",
    r"one\r::error::mine",
)
# What each system takes for a command, as its own sources do (see tests/unit/report/test_plain.py).
COMMANDS: Mapping[str, "re.Pattern[str]"] = {
    "github": re.compile(r"^\s*(::[a-z-]+)[ :]|(##\[[a-z]+)\]", re.MULTILINE),
    "gitlab": re.compile(r"(section_(?:start|end)):\d+:[^\r\n]*\r\x1b\[0K"),
    "azure": re.compile(r"(##vso\[[a-z.]+|##\[[a-z]+)", re.IGNORECASE),
    "teamcity": re.compile(r"(##teamcity\[[a-z]+)", re.IGNORECASE),
}
OWN = {
    "github": ["::group", "::endgroup", "::error"],
    "gitlab": ["section_start", "section_end"],
    "azure": ["##[group", "##[endgroup", "##vso[task.logissue"],
    "teamcity": ["##teamcity[blockOpened", "##teamcity[blockClosed", "##teamcity[message"],
    "none": [],
}


def hostile(build_id: str, last: str = HOSTILE[3]) -> str:
    """A spec whose tester prints hostile lines and fails; the last of them becomes part of the reason."""
    printed = "; ".join(f"printf '%b\\n' {shlex.quote(line)}" for line in (*HOSTILE, last))
    return spec_of({"web": {"record": records(services="[]"), "test": node("testing", printed)}}, build_id)


def shown_by(fastflow: Fastflow, *arguments: str, **environment: str) -> tuple[int, bytes, bytes]:
    """Call it; give its code and both streams as they are: a carriage return means something to GitLab."""
    done = subprocess.run(
        [BINARY, *arguments], cwd=fastflow.directory, env={**fastflow.environment, **NO_SYSTEM, **environment},
        capture_output=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def found_in(text: str, system: str) -> list[str]:
    return [next(filter(None, match.groups())) for match in COMMANDS[system].finditer(text)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_hostile_log_is_text_in_every_ci_system(system: str, fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(hostile(build_id))
    code, out, err = shown_by(fastflow, "up", **SYSTEMS[system])
    assert code == 3
    shown = (err + out).decode()
    assert shown.count("result=Succeeded") >= 4, "in the reason as it is told, twice in the log, and in the summary"
    for other in [system] if system in COMMANDS else COMMANDS:  # GitHub reads some of Azure's, too
        assert found_in(shown, other) == OWN[system]
    own = re.sub(r"\x1b\[0Ksection_\w+:\d+:\S*?\r\x1b\[0K", "", shown)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", own)


def test_summary_of_a_github_job_is_text(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(hostile(build_id, "<script>alert(1)</script> @all ![x](http://x)"))
    page = fastflow.directory / "summary.md"
    fastflow.extra |= {**SYSTEMS["github"], "GITHUB_STEP_SUMMARY": str(page)}
    assert fastflow("up", "--report", "markdown=own.md").code == 3
    text = page.read_text(encoding="utf-8")
    assert "web.test" in text
    beside_code = re.sub(r"(```+).*?\1|`[^`\n]*`", "", text, flags=re.DOTALL)
    assert not re.search(r"<script|@all|!\[x|\x1b", beside_code)


def test_quiet_says_nothing_of_what_passed_and_all_of_what_failed(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec_of({"web": {"record": records(services="[]"), "test": attacks(PASSED)}}, build_id))
    passed = fastflow("up", "--progress", "quiet")
    assert (passed.code, passed.out, passed.err) == (0, "", "")
    fastflow.write(hostile(build_id))
    failed = fastflow("up", "--progress", "quiet")
    assert (failed.code, failed.out) == (3, "")
    assert "✗ web.test" in failed.err
    assert found_in(failed.err, "azure") == []


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_json_in_every_line_and_holds_the_events_of_the_runs_file(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec_of({"web": {"record": records(services="[]"), "test": attacks(FOUND)}}, build_id))
    assert "warning[" in fastflow("validate").out, "it has no place between the events"
    ended = fastflow("up", "--progress", "json")
    told = events_of(ended.err)
    assert ended.code == 1
    assert {event["type"] for event in told} <= {"run", "phase", "note", "progress"}
    assert (told[-1]["type"], told[-1]["state"], told[-1]["exit_code"]) == ("run", "ended", 1)
    kept = events_of((ended.folder / "events.jsonl").read_text(encoding="utf-8"))
    assert [event for event in told if event in kept] == kept


@contextmanager
def running(fastflow: Fastflow, terminal: ScreenTerminal, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run it on a terminal, as a shell does: all its streams are that terminal, which is closed at the end."""
    number = terminal.out.fileno()
    up = subprocess.Popen(
        [BINARY, *arguments], cwd=fastflow.directory, env=fastflow.environment, stdin=number, stdout=number,
        stderr=number,
    )  # fmt: skip
    try:
        yield up
    finally:
        up.kill()
        up.wait()
        terminal.close()


def heads(terminal: ScreenTerminal) -> int:
    return sum(line.startswith("run ") and " ended" in line for line in terminal.lines())


def test_live_table_follows_a_run_and_its_window_and_leaves_the_summary(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id)}))
    fastflow.extra |= TERMINAL
    terminal = ScreenTerminal(80, 24)
    with running(fastflow, terminal, "up", "--emulate") as up:
        first = terminal.wait_for(
            lambda text: bool(re.search("^web +test +. waiting +after web.record", text, re.MULTILINE))
        )
        assert re.search(r"^web +record +\S \w+", first, re.MULTILINE), first
        terminal.resize(50, 10)
        narrow = terminal.wait_for(lambda text: bool(re.search(r"^web\.test +▸ ", text, re.MULTILINE)))
        assert heads(terminal) == 1, narrow
        assert terminal.colours() > {"default"}
        terminal.resize(120, 30)
        up.wait(TIMEOUT)
    text = terminal.text()
    assert up.returncode == 0, text
    assert heads(terminal) == 0, text
    assert "req/s" not in text
    assert terminal.colours() == {"default", "green"}
    assert [line[:14] for line in terminal.lines() if line.startswith("✓")] == ["✓ web.record  ", "✓ web.test    "]
    assert re.search(r"^2 passed in \d.* s; exit code 0$", text, re.MULTILINE), text


def test_plain_terminal_gets_no_colour_and_no_character_that_it_cannot_show(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(hostile(build_id, "größe ✓ 名"))
    fastflow.extra |= {**TERMINAL, "NO_COLOR": "1", "LC_ALL": "C"}
    terminal = ScreenTerminal(80, 24)
    with running(fastflow, terminal, "up") as up:
        up.wait(TIMEOUT)
    text = terminal.text()
    assert up.returncode == 3, text
    assert terminal.raw.isascii()
    assert terminal.colours() == {"default"}
    assert terminal.screen.title == ""
    assert re.search(r"^x web\.test +failed", text, re.MULTILINE), text
    assert r"gr\u00f6\u00dfe + \u540d" in re.sub(r"\n", "", text)


@pytest.mark.parametrize(
    "encoding", [{"LC_ALL": "C"}, {"LC_ALL": "", "PYTHONIOENCODING": "latin-1"}], ids=["C", "latin-1"]
)
def test_pipe_gets_the_encoding_that_its_reader_expects(
    encoding: Mapping[str, str], fastflow: Fastflow, build_id: str
) -> None:
    fastflow.write(hostile(build_id, "größe ✓ 名"))
    code, out, err = shown_by(fastflow, "up", **encoding)
    assert code == 3
    assert (out + err).isascii() == (encoding["LC_ALL"] == "C")
    said = r"gr\u00f6\u00dfe + \u540d" if encoding["LC_ALL"] == "C" else r"größe + \u540d"
    assert said.encode("latin-1") in err
    assert said.encode("latin-1") in out
    assert b"x web.test" in out


@pytest.mark.parametrize("reader", ["2>&1 | head -n 1", "2>&1 | true", "2>/dev/full >/dev/full"])
def test_reader_that_goes_stops_no_run_and_changes_no_exit_code(reader: str, fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec_of({"web": {"record": records(services="[]"), "test": attacks(FOUND)}}, build_id))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"'{BINARY}' up {reader}"], cwd=fastflow.directory,
        env=fastflow.environment, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    ended = Ended(done.returncode, done.stdout, done.stderr, fastflow.directory)
    assert (ended.code, ended.err) == (1, "")
    assert ended.states == {"web.record": "passed", "web.test": "vulnerable"}
    assert len(ended.out.splitlines()) == ("head" in reader)
