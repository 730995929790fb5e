"""What the command line shows of a run: on which stream, and that no reader of it changes how the run ends."""

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fastflow.cli.console import Console
from fastflow.cli.signals import SIGNALS, interruption
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan.making import Selection
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.observer import Cancellation
from fastflow.settings import RunSettings

SPEC = b"workflows: { web: { build_id: 1, nodes: { record: { mode: recording } } } }"
SETTINGS = RunSettings("r1", "f.yml")
TIME = "2026-01-01T10:00:00.000Z"


@pytest.fixture(autouse=True)
def outside_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION", "JENKINS_URL", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)


def showing(kind: str, *, keeps: bool = False) -> Console:
    (facts,) = check([SpecText("f.yml", Path(), SPEC)], None).specs
    return Console(kind, plan(facts, Path(), Selection()), lambda text: text.replace("sesame", "***"), keeps=keeps)


def result(state: Any = "failed", code: int = 3, **facts: Any) -> RunResult:
    phase = PhaseResult("web.record", "web", "default", "recording", None, state, started=TIME, ended=TIME, **facts)
    return RunResult("r1", "f.yml", code, TIME, TIME, (phase,))


def conclude(shown: Console, told: RunResult) -> None:
    shown.written = ["result.json"]
    shown.conclude(told, cast(RunFolder, SimpleNamespace(path=Path.cwd() / "runs" / "r1", earlier=list)))


def test_progress_goes_to_stderr_and_the_summary_to_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    shown = showing("plain", keeps=True)
    shown.say("building sesame")
    conclude(shown, result(reason="sesame is wrong"))
    out, err = capfd.readouterr()
    assert err == "    0.0s  fastflow      building ***\n"
    assert out.splitlines()[1:3] == ["    *** is wrong", "    what to do: see the run folder"]
    assert out.splitlines()[-3:] == [
        "report: result.json", "run folder: runs/r1", "kept; remove it with: fastflow down --run r1"
    ]  # fmt: skip


@pytest.mark.parametrize(("state", "code", "is_told"), [("passed", 0, False), ("failed", 3, True)])
def test_quiet_speaks_of_failures_alone_and_on_stderr(
    state: str, code: int, is_told: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    conclude(showing("quiet"), result(state, code))
    out, err = capfd.readouterr()
    assert out == ""
    assert ("exit code 3" in err) is is_told


def test_quiet_asks_nobody_how_far_it_is() -> None:
    assert len(showing("quiet").listeners(SETTINGS)) == 1
    assert len(showing("plain").listeners(SETTINGS)) == 2


def test_github_gets_an_annotation(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    conclude(showing("auto"), result(reason="no baseline"))
    assert capfd.readouterr().out.startswith("::error title=web.record failed::no baseline\n")


def test_locale_c_gets_ascii(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    conclude(showing("plain"), result("passed", 0, reason="größe"))
    assert capfd.readouterr().out.splitlines()[:2] == ["+ web.record  passed           0.0 s", "    gr\\u00f6\\u00dfe"]


@pytest.fixture
def gone() -> Iterator[io.TextIOWrapper]:
    """A stream whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        yield stream


def test_reader_that_has_gone_is_no_matter(monkeypatch: pytest.MonkeyPatch, gone: io.TextIOWrapper) -> None:
    monkeypatch.setattr(sys, "stdout", gone)
    monkeypatch.setattr(sys, "stderr", gone)
    shown = showing("plain")
    shown.say("x")
    conclude(shown, result())


@pytest.mark.parametrize("kind", ["auto", "plain", "json", "quiet"])
def test_streams_that_are_closed_are_no_matter(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    shown = showing(kind)
    shown.say("x")
    conclude(shown, result())


def test_under_nohup_a_terminal_may_go_away() -> None:
    cancellation = Cancellation()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruption(cancellation, lambda _: None) as signals:
            signals.is_running = True
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGTERM) == signals.on_signal
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not cancellation.is_set


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_stop_a_run(number: signal.Signals) -> None:
    cancellation, said = Cancellation(), list[str]()
    with interruption(cancellation, said.append) as signals:
        signals.is_running = True
        os.kill(os.getpid(), number)
        with cancellation.changed:
            assert cancellation.changed.wait_for(lambda: cancellation.is_set, 20)
    for thread in threading.enumerate():
        if thread.name == "signal":
            thread.join(20)
    assert cancellation.by_signal == 128 + number
    assert said == [f"{number.name}: stopping gracefully; repeat it to end fastflow at once"]
