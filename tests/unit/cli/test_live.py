"""What the commands on live runs look at, and which run they wait for."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.cli.live import Engines, engines_here, hosts_of
from fastflow.cli.logs import _show
from fastflow.cli.specs import read_spec_text
from fastflow.cli.wait import is_preparing
from fastflow.engines.fake import FakeEngine
from fastflow.engines.inspection import container_of
from fastflow.errors import EngineError
from fastflow.run.folder import RunFolder
from fastflow.run.live import LivePhase
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


class Talks(FakeEngine):
    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        on_line(f"{container_id} was given s3cr3t and t0k3n")


def test_logs_mask_the_token_that_each_node_was_given_whatever_its_variable_is_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
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
    _show(phases, follow=False, prefixed=True)
    assert capsys.readouterr().out.splitlines() == [
        f"web.{name} | {node.id} was given *** and ***" for name, node in (("a", one), ("b", other))
    ]
