"""What the commands on live runs look at, and which run they wait for."""

import os
from pathlib import Path

import pytest

from fastflow.cli.live import Engines, engines_here, hosts_of
from fastflow.cli.specs import read_spec_text
from fastflow.cli.wait import is_preparing
from fastflow.engines.fake import FakeEngine
from fastflow.errors import EngineError
from fastflow.run.folder import RunFolder
from fastflow.run.ports import EngineInfo
from fastflow.run.survey import look

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
    assert list(engines_here().named) == [""]
    (tmp_path / "fastflow.yml").write_text(SPEC)
    assert list(engines_here().named) == ["a", "b", ""]
    assert hosts_of(read_spec_text(None))["a"].docker_host == "unix:///run/a.sock"
    (tmp_path / "fastflow.yml").write_text("workflows: [")
    assert list(engines_here().named) == [""]


def test_an_engine_that_is_silent_is_named_once_and_then_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    engines = Engines({"a": Silent(), "": FakeEngine()})
    engines.look()
    engines.look()
    assert capsys.readouterr().err == "warning: host a is left out: nothing answers\n"
    assert list(engines.only_answering().named) == [""]


def test_where_no_engine_answers_that_is_an_error() -> None:
    with pytest.raises(EngineError, match="nothing answers"):
        Engines({"a": Silent(), "": Silent()}).look()


def test_a_run_prepares_while_its_process_holds_its_folder_and_no_engine_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fastflow.yml").write_text(SPEC)
    engine = FakeEngine()
    assert not is_preparing(look({"": engine}))
    folder = RunFolder(tmp_path, "r1", str)
    os.utime(folder.path / "events.jsonl", (0, 0))  # a pull may take longer than anybody thinks
    assert is_preparing(look({"": engine}))
    lease = engine.hold("lease", "image", {"io.fastflow.run": "r1", "io.fastflow.role": "lease"})
    assert lease is not None
    assert not is_preparing(look({"": engine}))
    lease.release()
    folder.close()
    assert not is_preparing(look({"": engine}))
