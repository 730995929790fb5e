"""One run on a cluster and on an engine: one start, one end, one result, and nothing begins if a part cannot."""

import json
import threading
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import pytest

from fastflow.app.clusters import ClusterHost, require_none
from fastflow.app.request import RunRequest, request_of
from fastflow.app.up import run, settings_of
from fastflow.cluster.cluster import UnitOrder
from fastflow.cluster.lease import ROLE
from fastflow.errors import BuildIdInUseError, EngineUnreachableError, FastflowError
from fastflow.model.compose_keys import LABEL
from fastflow.model.host import Host
from fastflow.pipeline import SpecText
from fastflow.plan.making import Selection
from fastflow.record.events import Event, Listener, PhaseChanged, RunEnded, RunStarted
from fastflow.record.folder import RunFolder
from fastflow.record.result import RunResult
from fastflow.run.engine import EngineInfo
from fastflow.run.lease import LeaseKey, token_fingerprint
from fastflow.run.observer import Cancellation
from fastflow.settings import RunSettings
from tests.fakes.cluster import FakeCluster, Script
from tests.fakes.containers import Script as ServiceScript
from tests.fakes.engine import FakeEngine
from tests.unit.cluster.agents import changed, ended, result, said
from tests.unit.run.stage import RUN, SCRIPTS
from tests.waiting import until

SPEC = """
hosts:
  farm: { context: swarm, swarm: true }
  here: { docker_host: unix:///nowhere.sock }
workflows:
  far:
    host: farm
    build_id: far1
    compose: { services: { app: { image: app:1 }, tests: { image: tests:1 } } }
    nodes: { record: { mode: recording, source: { service: tests } } }
  near:
    host: here
    build_id: near1
    compose: { services: { app: { image: app:1 }, tests: { image: tests:1 } } }
    nodes: { record: { mode: recording, source: { service: tests } }, test: { mode: testing } }
"""
PASSES = said(changed("far.record", "starting"), changed("far.record", "passed"), ended(result("far.record", "passed")))
TOKEN = "tok-7f3a9c"


class Scene:
    """A spec, a cluster and an engine in memory, and whoever has started the run."""

    def __init__(self, directory: Path, far: Script) -> None:
        self.cluster = FakeCluster(scripts={f"fastflow-{RUN}u1": far})
        self.engine = FakeEngine(SCRIPTS)
        self.directory, self.cancellation = directory, Cancellation()
        self.events, self.notes = list[Event](), list[str]()

    def say(self, message: str) -> None:
        self.notes.append(message)

    def listeners(self, settings: RunSettings) -> Iterable[Listener]:
        return (self.events.append,)

    def on_begin(self, last_effort: object) -> None:
        pass

    def on_end(self, folder: RunFolder) -> None:
        pass

    def run(self, *workflows: str, spec: str = SPEC) -> RunResult:
        text = SpecText("fastflow.yml", self.directory, spec.encode())
        request = request_of(text, (), Selection(workflows), run=RUN)
        settings = settings_of(request, keep=False, fail_fast=False, wait_lease=None)
        return run(request, settings, self)[0]

    def of_kind(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def left(self) -> tuple[object, ...]:
        own = {f"{LABEL}.run": RUN}
        of_cluster = (*self.cluster.units(own), *self.cluster.claims(own))
        return (*of_cluster, *self.engine.api.containers(own), *self.engine.api.networks(own))


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WALLARM_API_TOKEN", TOKEN)
    (tmp_path / "fastflow.yml").write_text(SPEC)
    made = Scene(tmp_path, Script(PASSES, exit_code=0))
    monkeypatch.setattr("fastflow.app.cluster_part.open_cluster", lambda _: made.cluster)
    monkeypatch.setattr("fastflow.app.engines_part.engines_of", lambda *_: {"here": made.engine})
    return made


def test_who_watches_sees_one_run(scene: Scene) -> None:
    done = scene.run()
    assert {phase.id: (phase.host, phase.state) for phase in done.phases} == {
        "far.record": ("farm/node1", "passed"),
        "near.record": ("here", "passed"),
        "near.test": ("here", "passed"),
    }
    assert [phase.id for phase in done.phases] == ["far.record", "near.record", "near.test"]
    (begun,), (over,) = scene.of_kind(RunStarted), scene.of_kind(RunEnded)
    assert isinstance(begun, RunStarted)
    assert begun.phases == ("far.record", "near.record", "near.test")
    assert set(begun.engines) == {"farm", "here"}
    assert scene.events.index(begun) < min(scene.events.index(one) for one in scene.of_kind(PhaseChanged))
    assert scene.events[-1] is over
    written = json.loads((scene.directory / ".fastflow/runs" / RUN / "result.json").read_text())
    assert [phase["id"] for phase in written["phases"]] == ["far.record", "near.record", "near.test"]
    assert scene.left == ()


def test_a_busy_build_id_on_the_cluster_lets_nothing_begin_on_the_engine(scene: Scene) -> None:
    key = LeaseKey(token_fingerprint(TOKEN), "far1")
    other = {f"{LABEL}.run": "r0", f"{LABEL}.role": ROLE, **key.labels}
    scene.cluster.claim(key.name, other)
    scene.cluster.start(scene.cluster.create(UnitOrder("fastflow-r0u1", other, "agent", ())))
    with pytest.raises(BuildIdInUseError, match="BUILD_ID far1 is in use on this cluster by run r0"):
        scene.run()
    assert scene.cluster.started == ["fastflow-r0u1"]
    assert scene.of_kind(RunStarted) == scene.of_kind(PhaseChanged) == []
    assert scene.left == ()
    states = json.loads((scene.directory / ".fastflow/runs" / RUN / "result.json").read_text())["phases"]
    assert {(one["state"], one["reason"]) for one in states} == {("cancelled", "nothing was started")}


def test_a_busy_build_id_on_the_engine_lets_nothing_begin_on_the_cluster(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise BuildIdInUseError("BUILD_ID near1 is in use")

    monkeypatch.setattr("fastflow.run.runner.hold_all", busy)
    with pytest.raises(BuildIdInUseError, match="BUILD_ID near1 is in use"):
        scene.run()
    assert scene.cluster.started == []
    assert scene.left == ()


def test_a_signal_ends_both_parts(scene: Scene) -> None:
    stopped = changed("far.record", "cancelled", "interrupted by SIGTERM")
    last = said(changed("far.record", "starting"), stopped, ended(code=143))[2:]
    scene.cluster.scripts = {f"fastflow-{RUN}u1": Script(PASSES[:2], last=last)}
    scene.engine.scripts["tests"] = ServiceScript()
    outcome = list[RunResult]()
    running = threading.Thread(target=lambda: outcome.append(scene.run()))
    running.start()
    until(lambda: {"far.record", "near.record"} <= {one.phase for one in scene.events if isinstance(one, PhaseChanged)})
    scene.cancellation.set("interrupted by SIGINT", 130)
    running.join()
    assert outcome[0].exit_code == 130
    assert {phase.state for phase in outcome[0].phases} == {"cancelled"}
    assert scene.left == ()


def test_a_silent_host_is_passed_over_beside_a_cluster_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> EngineInfo:
        raise EngineUnreachableError("it does not answer")

    gone = FakeEngine()
    gone.info = silent  # type: ignore[method-assign]

    def engines_of(request: RunRequest, *_: object) -> dict[str, FakeEngine]:
        engines = {"here": scene.engine, "gone": gone}
        return {name: engines[name] for name in request.plan.used_hosts if name in engines}

    for module in ("up", "engines_part"):
        monkeypatch.setattr(f"fastflow.app.{module}.engines_of", engines_of)
    two = SPEC.replace("host: here", "host: [gone, here]").replace(
        "  here:", "  gone: { docker_host: unix:///g.sock }\n  here:"
    )
    done = scene.run(spec=two)
    assert {phase.host for phase in done.phases} == {"farm/node1", "here"}
    assert scene.notes == ["host gone is skipped: it does not answer"]


def test_a_selection_on_one_side_leaves_the_other_alone(scene: Scene) -> None:
    done = scene.run("far")
    assert [phase.id for phase in done.phases] == ["far.record"]
    assert scene.engine.calls == []


@pytest.mark.parametrize(("phase", "refuses"), [("far.record", True), ("near.record", False), (None, True)])
def test_only_phases_on_a_cluster_cannot_be_stopped_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, phase: str | None, refuses: bool
) -> None:
    order = UnitOrder("fastflow-r1u1", {f"{LABEL}.run": RUN, f"{LABEL}.workflows": "far"}, "agent", ())
    scene.cluster.start(scene.cluster.create(order))
    host = ClusterHost("farm", Host(), scene.cluster)
    monkeypatch.setattr("fastflow.app.clusters.clusters_of", lambda _: (host,))
    with pytest.raises(FastflowError, match="is on cluster farm") if refuses else nullcontext():
        require_none(phase, RUN, None, "`fastflow stop`")
