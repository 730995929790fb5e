"""What the commands on live runs look at, and which run they wait for."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.app.live import Engines, NotLiveError, engines_here, find_target, hosts_of
from fastflow.app.logs import Output, show_nodes
from fastflow.app.specs import read_spec_text
from fastflow.app.waiting import is_preparing, wait_for
from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.engines.inspection import container_of
from fastflow.errors import EngineError, FastflowError, UsageError
from fastflow.masking import Masker
from fastflow.record.events import PhaseChanged, RunStarted
from fastflow.record.folder import RunFolder
from fastflow.record.place import NEXT_TO_SPEC, RunsDir
from fastflow.run.engine import EngineInfo
from fastflow.run.live import LivePhase
from fastflow.run.survey import look
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine

SPEC = """
hosts: { a: { docker_host: "unix://${SOCKET:-/run/a.sock}" }, b: { context: other } }
workflows:
  web:
    build_id: web${NOT_SET}
    host: a
    compose: { services: { app: { image: app } } }
    nodes: { record: { mode: recording } }
"""


class Silent(FakeEngine):
    def info(self) -> EngineInfo:
        raise EngineError("nothing answers")


def test_the_hosts_of_the_spec_here_come_before_the_current_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.delenv("NOT_SET", raising=False)
    assert list(engines_here(print).named) == [""]
    (tmp_path / "fastflow.yml").write_text(SPEC)
    assert list(engines_here(print).named) == ["a", "b", ""]
    assert hosts_of(read_spec_text(None))["a"].docker_host == "unix:///run/a.sock"
    (tmp_path / "fastflow.yml").write_text("workflows: [")
    assert list(engines_here(print).named) == [""]


def test_an_engine_that_is_silent_is_named_once_and_then_left_out() -> None:
    said: list[str] = []
    engines = Engines({"a": Silent(), "": FakeEngine()}, said.append)
    engines.look()
    engines.look()
    assert said == ["warning: host a is left out: nothing answers"]
    assert list(engines.only_answering().named) == [""]


def test_where_no_engine_answers_that_is_an_error() -> None:
    with pytest.raises(EngineError, match="nothing answers"):
        Engines({"a": Silent(), "": Silent()}, print).look()


def test_a_run_prepares_while_its_process_holds_its_folder_and_no_engine_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fastflow.yml").write_text(SPEC)
    engine = FakeEngine()
    assert not is_preparing(look({"": engine}), NEXT_TO_SPEC)
    folder = RunFolder(tmp_path, "r1", Masker())
    os.utime(folder.path / "events.jsonl", (0, 0))  # a pull may take longer than anybody thinks
    assert is_preparing(look({"": engine}), NEXT_TO_SPEC)
    lease = engine.hold("lease", "image", {"io.fastflow.run": "r1", "io.fastflow.role": "lease"})
    assert lease is not None
    assert not is_preparing(look({"": engine}), NEXT_TO_SPEC)
    lease.release()
    folder.close()
    assert not is_preparing(look({"": engine}), NEXT_TO_SPEC)


def test_a_run_that_prepares_in_a_shared_place_is_not_of_another_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = RunsDir(tmp_path / "runs")
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fastflow.yml").write_text(SPEC)
    monkeypatch.chdir(tmp_path / "here")
    survey = look({"": FakeEngine()})
    own = RunFolder(tmp_path / "here", "r1", Masker(), place)
    other = RunFolder(tmp_path / "there", "r2", Masker(), place)
    assert is_preparing(survey, place)
    own.close()
    assert not is_preparing(survey, place), "only the other one goes on"
    other.close()


class Talks(FakeEngine):
    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        on_line(f"{container_id} was given s3cr3t and t0k3n")


def test_logs_mask_the_token_that_each_node_was_given_whatever_its_variable_is_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WALLARM_API_TOKEN", raising=False)
    told = {
        "Id": "c1",
        "Name": "/c1",
        "State": {"Status": "running"},
        "Config": {"Env": ["X=WALLARM_API_TOKEN=no", "WALLARM_API_TOKEN=s3cr3t"]},
    }
    one = container_of(told)
    assert one.token not in repr(one)
    other = replace(one, id="c2", token="t0k3n")
    phases = [LivePhase("web", name, "testing", "", node, Talks()) for name, node in (("a", one), ("b", other))]
    said: list[str] = []
    show_nodes(phases, Path("nowhere"), Output(said.append, lambda: True, print), follow=False, prefixed=True)
    assert said == [f"web.{name} | {node.id} was given *** and ***\n" for name, node in (("a", one), ("b", other))]


@pytest.fixture
def checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, FakeEngine]:
    """Two checkouts of a spec, a live run of each but for the one that is called here, and their engine."""
    engine = FakeEngine()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fastflow.yml").write_text(SPEC)
    live(engine, "r1", tmp_path / "there")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path, engine


def live(engine: FakeEngine, run: str, directory: Path, *, has_folder: bool = True) -> None:
    """Let a run of the spec in a directory be live."""
    labels = {"run": run, "role": "lease", "spec": str(directory / "fastflow.yml")}
    engine.hold(f"lease-{run}", "image", {f"io.fastflow.{name}": value for name, value in labels.items()})
    if has_folder:
        (directory / ".fastflow/runs" / run / "logs").mkdir(parents=True)


def test_the_only_live_run_is_left_alone_where_it_is_of_another_checkout(checkouts: tuple[Path, FakeEngine]) -> None:
    tmp_path, engine = checkouts
    with pytest.raises(NotLiveError, match=f"no run of {tmp_path}/here/fastflow.yml is live; other live runs: r1 of"):
        find_target(look({"": engine}), "web.record", None, NEXT_TO_SPEC)
    assert find_target(look({"": engine}), "r1/web.record", None, NEXT_TO_SPEC).run.id == "r1"
    assert find_target(look({"": engine}), "web.record", "r1", NEXT_TO_SPEC).run.id == "r1"
    live(engine, "r2", tmp_path / "here")
    assert find_target(look({"": engine}), "web.record", None, NEXT_TO_SPEC).run.id == "r2"


def test_a_run_that_has_not_written_its_phases_yet_may_have_the_one_that_is_asked_for(
    checkouts: tuple[Path, FakeEngine],
) -> None:
    tmp_path, engine = checkouts
    folder = RunFolder(tmp_path / "here", "r2", Masker())
    live(engine, "r2", tmp_path / "here", has_folder=False)
    assert find_target(look({"": engine}), "web.record", "r2", NEXT_TO_SPEC).phase == "web.record"
    folder.on_event(RunStarted(run="r2", phases=("web.test",)))
    with pytest.raises(UsageError, match=r"run r2 has no phase `web\.record`"):
        find_target(look({"": engine}), "web.record", "r2", NEXT_TO_SPEC)
    folder.close()


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_run_whose_lease_is_created_and_does_not_run_yet_is_not_over(
    checkouts: tuple[Path, FakeEngine], monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    tmp_path, engine = checkouts
    labels = {"run": "r2", "role": "lease", "spec": str(tmp_path / "here/fastflow.yml")}
    engine.world.create("lease-r2", {f"io.fastflow.{name}": value for name, value in labels.items()}, "i", Script())
    folder = RunFolder(tmp_path / "here", "r2", Masker()) if goes_on else None
    monkeypatch.setattr("fastflow.app.waiting.engines_here", lambda notify: Engines({"": engine}, notify))
    monkeypatch.setattr("fastflow.app.waiting.GRACE", 0.0)
    reason = "is waiting and not ready after 0 s" if goes_on else "run r2 is over"
    with pytest.raises(FastflowError, match=reason):
        wait_for("web.record", "r2", "ready", 0.0, runs_dir=NEXT_TO_SPEC, notify=print)
    if folder is not None:
        folder.close()


def test_a_run_of_a_checkout_under_the_same_path_elsewhere_is_not_of_this_one(
    checkouts: tuple[Path, FakeEngine],
) -> None:
    tmp_path, engine = checkouts
    live(engine, "r2", tmp_path / "here", has_folder=False)
    with pytest.raises(NotLiveError):
        find_target(look({"": engine}), "web.record", None, NEXT_TO_SPEC)


def test_a_run_whose_folder_is_elsewhere_is_found_with_its_place(checkouts: tuple[Path, FakeEngine]) -> None:
    tmp_path, engine = checkouts
    place = RunsDir(tmp_path / "runs")
    RunFolder(tmp_path / "here", "r2", Masker(), place).close()
    live(engine, "r2", tmp_path / "here", has_folder=False)
    with pytest.raises(NotLiveError) as failure:
        find_target(look({"": engine}), "web.record", None, NEXT_TO_SPEC)
    assert str(failure.value.hint).startswith("give the --runs-dir of the run, or name the run with --run")
    found = find_target(look({"": engine}), "web.record", None, place)
    assert (found.run.id, found.folder) == ("r2", tmp_path / "runs/r2")


def test_without_a_spec_and_with_two_runs_of_it_the_run_must_be_named(
    checkouts: tuple[Path, FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path, engine = checkouts
    for run in ("r2", "r3"):
        live(engine, run, tmp_path / "here")
    with pytest.raises(UsageError, match=r"2 runs of .*/here/fastflow\.yml are live: r2, r3"):
        find_target(look({"": engine}), "web.record", None, NEXT_TO_SPEC)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="there is no spec here"):
        find_target(look({"": engine}), "web.record", None, NEXT_TO_SPEC)


def test_a_run_that_is_live_but_has_not_begun_may_have_any_phase(checkouts: tuple[Path, FakeEngine]) -> None:
    tmp_path, engine = checkouts
    live(engine, "r2", tmp_path / "here")
    folder = RunFolder(tmp_path / "here", "r3", Masker())
    live(engine, "r3", tmp_path / "here", has_folder=False)
    assert find_target(look({"": engine}), "r3/web.record", None, NEXT_TO_SPEC).run.id == "r3"
    folder.on_event(RunStarted(run="r3", phases=("web.test",)))
    with pytest.raises(UsageError, match="has no phase"):
        find_target(look({"": engine}), "r3/web.record", None, NEXT_TO_SPEC)
    folder.close()


def ended(directory: Path, run: str) -> None:
    """Write the folder of a run that is over."""
    folder = RunFolder(directory, run, Masker())
    folder.on_event(RunStarted(run=run, phases=("web.record", "web.test")))
    folder.on_event(PhaseChanged("web.record", "failed", None, "recording"))
    for name in ("web.record", "web.record.attempt-2", "web.record.source"):
        log = folder.log(name)
        log.write(f"{run} {name}\x1b[2J")
        log.close()
    folder.close()


def test_logs_of_runs_that_are_over_come_from_their_folders_without_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (tmp_path / "fastflow.yml").write_text(SPEC.replace("hosts:", "x-hosts:").replace("    host: a\n", ""))
    for run in ("r1", "r2"):
        ended(tmp_path, run)
    for arguments, run in ((["web.record"], "r2"), ([], "r2"), (["r1/web.record"], "r1"), (["--run", "r1"], "r1")):
        assert guarded(cli, ["logs", *arguments]) == 0
        told = capsys.readouterr()
        assert told.out.splitlines() == [
            f"web.record           | {run} web.record\ufffd[2J",
            f"web.record.attempt-2 | {run} web.record.attempt-2\ufffd[2J",
        ]
        assert f"run {run} is over" in told.err
    assert guarded(cli, ["logs", "web.test"]) == 3
    assert "there is no log of web.test: it is waiting" in capsys.readouterr().err
    assert guarded(cli, ["logs", "web.tset"]) == 2
    assert "did you mean `web.test`?" in capsys.readouterr().err.lower()
    assert guarded(cli, ["logs", "--run", "r9"]) == 3
