"""`fastflow accept`: what was found goes into the gate's file, once, with a reason; what is there stays."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.model.accept import Accepted, read_accept_file
from fastflow.record.result import RunResult, Suppression
from tests.unit.report.drawings import plan_json, told
from tests.unit.report.html.archives import found, phase, time
from tests.unit.report.run_archives import write_run

RUN = "261124090000abcde"
FIRST, SECOND, THIRD, FOURTH = (f"{number:016x}" for number in (1, 2, 3, 4))
FAILED = (found(1), found(2, type="xss", threat=None))
EXCUSED = (
    replace(found(3), gate="accepted", suppressed=Suppression("known")),
    replace(found(4), gate="below", threat=5),
)
KNOWN = Path("ci/known.yml")


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec with a gate, and a run of it that two testing phases found the same in."""
    monkeypatch.chdir(tmp_path)
    KNOWN.parent.mkdir()
    Path("fastflow.yml").write_text("workflows: {}\n")
    phases = tuple(phase(name, "vulnerable", vulnerabilities=FAILED + EXCUSED) for name in ("web.test", "api.test"))
    gate = {"threat": 10, "accept": str(KNOWN)}
    plan = plan_json(*({**told(one.id, 0), "gate": gate} for one in phases))
    write_run(tmp_path, RunResult(RUN, str(tmp_path / "fastflow.yml"), 1, time(0), time(9), phases), plan=plan)
    return tmp_path


def entries(path: Path = KNOWN) -> tuple[Accepted, ...]:
    read = read_accept_file(str(path), path.read_bytes())
    assert read.diagnostics == ()
    return read.entries


def test_all_that_failed_its_gate_is_accepted_once(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["accept", "--all", "--reason", " behind\na VPN ", "--expires", "2999-12-31"]) == 0
    day = date(2999, 12, 31)
    assert entries() == (Accepted(SECOND, "behind a VPN", day), Accepted(FIRST, "behind a VPN", day))
    assert f"{FIRST} is accepted in ci/known.yml: SQL injection" in capfd.readouterr().out
    assert "# SQL injection (sqli, threat 80) in parameter code of POST" in KNOWN.read_text()


def test_a_second_time_changes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["accept", RUN, "--all", "--reason", "known"]
    assert guarded(cli, arguments) == 0
    before = KNOWN.read_bytes()
    assert guarded(cli, arguments) == 0
    assert KNOWN.read_bytes() == before
    assert f"{FIRST} is already in ci/known.yml: known" in capfd.readouterr().out


def test_one_is_accepted_by_its_fingerprint_also_below_the_gate() -> None:
    assert guarded(cli, ["accept", "--fingerprint", FOURTH, "--fingerprint", FIRST, "--reason", "known"]) == 0
    assert {entry.fingerprint for entry in entries()} == {FIRST, FOURTH}


def test_what_is_there_stays(directory: Path) -> None:
    text = f"# ours\n- fingerprint: {FIRST} # the first\n  reason: known\n"
    KNOWN.write_text(text)
    KNOWN.chmod(0o640)
    assert guarded(cli, ["accept", "--all", "--reason", "known"]) == 0
    assert KNOWN.read_text().startswith(text)
    assert [entry.fingerprint for entry in entries()] == [FIRST, SECOND]
    assert KNOWN.stat().st_mode & 0o777 == 0o640
    assert list(KNOWN.parent.iterdir()) == [KNOWN]


def test_what_has_expired_is_left_to_its_owner(capfd: pytest.CaptureFixture[str]) -> None:
    text = f"- {{ fingerprint: {FIRST}, reason: known, expires: 2020-01-01 }}\n"
    KNOWN.write_text(text)
    assert guarded(cli, ["accept", "--all", "--reason", "known"]) == 2
    assert f"has expired: {FIRST} in ci/known.yml" in capfd.readouterr().err
    assert KNOWN.read_text().startswith(text)
    assert [entry.fingerprint for entry in entries()] == [FIRST, SECOND]


@pytest.mark.parametrize(("code", "ran_to_end"), [(0, True), (3, True), (143, False), (None, False)])
def test_a_run_that_was_cut_short_is_not_said_to_be_clean(
    code: int | None, ran_to_end: bool, directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    phases = (phase("web.test", "cancelled"),)
    run = "261124090001abcde"
    ended = (
        RunResult(run, str(directory / "fastflow.yml"), code, time(0), time(9), phases) if code is not None else None
    )
    write_run(directory, ended, plan=plan_json(told("web.test", 0)), run=run)
    assert guarded(cli, ["accept", run]) == 0
    cut = "" if ran_to_end else ", but it did not run to its end"
    assert capfd.readouterr().out == f"run {run} found nothing that failed a gate{cut}\n"


def test_another_file_may_be_named() -> None:
    assert guarded(cli, ["accept", "--all", "--reason", "known", "--file", "new/other.yml"]) == 0
    assert len(entries(Path("new/other.yml"))) == 2
    assert not KNOWN.exists()


def test_the_file_is_that_of_the_spec_wherever_one_stands(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.chdir(directory / "ci")
    assert guarded(cli, ["accept", "--all", "--reason", "known"]) == 0
    assert len(entries(directory / KNOWN)) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no terminal to ask on"),
        (["--all"], "there is no terminal to ask on"),
        (["--reason", "x"], "there is no terminal to ask on"),
        (["--all", "--reason", " "], "the reason is empty"),
        (["--all", "--reason", "x", "--expires", "soon"], "expected a day such as 2030-12-31, not soon"),
        (["--fingerprint", FIRST[:-1] + "2x", "--reason", "x"], "found nothing with the fingerprint"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert guarded(cli, ["accept", *arguments]) == 2
    assert said in capfd.readouterr().err
    assert not KNOWN.exists()


def test_a_gate_without_a_file_says_how_to_get_one(directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (directory / ".fastflow/runs" / RUN / "plan.json").unlink()
    assert guarded(cli, ["accept", "--all", "--reason", "x"]) == 2
    assert "gate: { accept: accepted.yml }" in capfd.readouterr().err


NOW = """\
workflows:
  web:
    compose: docker-compose.yml
    nodes:
      test: { mode: testing, test_record_id: 7, test_run_uri: "http://app", gate: { accept: "${WHERE:-ci}/known.yml" } }
"""


@pytest.mark.parametrize("place", ["", "ci"])
def test_a_gate_may_get_its_file_after_the_run(place: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / ".fastflow/runs" / RUN / "plan.json").unlink()
    (directory / "fastflow.yml").write_text(NOW + NOW.replace("web", "api").removeprefix("workflows:\n"))
    monkeypatch.chdir(directory / place)
    assert guarded(cli, ["accept", "--fingerprint", FIRST, "--reason", "x"]) == 0
    assert entries(directory / KNOWN) == (Accepted(FIRST, "x", None),)


def test_a_file_at_fault_is_shown_and_stays(capfd: pytest.CaptureFixture[str]) -> None:
    KNOWN.write_text("- fingerprint: a\n")
    assert guarded(cli, ["accept", "--all", "--reason", "x"]) == 2
    assert "ci/known.yml:1:3: `reason` is missing" in capfd.readouterr().err
    assert KNOWN.read_text() == "- fingerprint: a\n"


def test_a_past_day_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["accept", "--all", "--reason", "x", "--expires", "2020-02-29"]) == 0
    assert "2020-02-29 has passed" in capfd.readouterr().err


PATIENCE = 60.0  # seconds
QUESTION = re.compile(r"accept it\?.*: |why: |last day.*: ")


def state_of(process: "subprocess.Popen[str]") -> str:
    """What the system says of a process: `S` while it waits."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def on_a_terminal(*answers: str) -> tuple[int, str, str]:
    """Answer each question; return the exit code, what was printed, and what was shown on the terminal.

    The answer "INT" is a Ctrl-C.
    """
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fastflow", "accept"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    shown = ""
    for number, answer in enumerate(answers, start=1):
        while len(QUESTION.findall(shown)) < number:
            assert select.select([main], [], [], PATIENCE)[0], shown
            shown += os.read(main, 4096).decode()
        if answer == "INT":
            while state_of(process) not in "SZ":  # Python does not see a signal that comes just before it reads
                pass
            process.send_signal(signal.SIGINT)
        else:
            os.write(main, f"{answer}\n".encode() if answer != "\x04" else b"\x04")
    out, _ = process.communicate(timeout=PATIENCE)
    with suppress(OSError):  # all is read, and the terminal has no other end any more
        while True:
            shown += os.read(main, 4096).decode()
    os.close(main)
    return process.returncode, out, shown


BEHIND = Accepted(SECOND, "behind the VPN", date(2999, 12, 31))


def test_on_a_terminal_each_is_asked_about() -> None:
    code, out, _ = on_a_terminal("y", "behind the VPN", "soon", "2999-12-31", "n")
    assert (code, entries()) == (0, (BEHIND,))
    assert f"{SECOND} is accepted" in out


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (["q"], 0),
        (["INT"], 130),
        (["\x04"], 130),
        (["y", "INT"], 130),
        (["y", "q"], 0),
        (["y", "known", "INT"], 130),
        (["y", "known", "q"], 0),
    ],
)
def test_what_was_answered_is_kept_whatever_ends_the_questions(end: list[str], code: int) -> None:
    assert on_a_terminal("y", "behind the VPN", "2999-12-31", *end)[0] == code
    assert entries() == (BEHIND,)


def test_a_question_mark_explains_the_answers() -> None:
    code, _, shown = on_a_terminal("?", "maybe", "y", "?", "behind the VPN", "?", "2999-12-31", "n")
    assert (code, entries()) == (0, (BEHIND,))
    for text in ("q  stop here", "answer y, n, q or ?", "every report shows it", "for no expiry date"):
        assert text in shown


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["--all"], "--reason TEXT"),
        (["--fingerprint", FIRST], "--reason TEXT"),
        (["--reason", "x"], "--all or --fingerprint F"),
        ([], "--all or --fingerprint F and --reason TEXT"),
    ],
)
def test_the_option_that_is_missing_is_named(
    arguments: list[str], missing: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert guarded(cli, ["accept", *arguments]) == 2
    said = capfd.readouterr().err
    assert f"no terminal to ask on, so the command needs {missing}\n" in said
    assert f"help: add {missing}" in said
