"""A phase's container is created while its services come up, with that of the phase that follows, and started then."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.errors import EngineCallError
from fastflow.plan.making import Selection
from fastflow.record.events import PhaseChanged
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.unit.run.stage import PASSES, SERVES, Stage, said, settings_of
from tests.waiting import until

PAIR = """
workflows:
  web:
    build_id: web1
    compose: {{ services: {{ app: {{ image: app:1 }}, tests: {{ image: tests:1 }} }} }}
    nodes:
      record: {{ mode: recording, source: {{ service: tests }}, services: [app]{record} }}
      test: {{ mode: testing{test} }}
{more}
"""
NEVER_UP = replace(SERVES, health="starting")


def pair(*, record: str = "", test: str = "", more: str = "") -> str:
    """A recording and its test, and what each and the workflow has besides."""
    return PAIR.format(record=record and f", {record}", test=test and f", {test}", more=more)


def status_of(stage: Stage, service: str) -> str | None:
    found = (box.container for box in list(stage.engine.world.boxes.values()))
    return next((one.status for one in found if one.service == service), None)


def test_the_node_is_created_while_its_services_come_up_and_started_when_they_are(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair(), {"app": NEVER_UP})
    with stage.running() as work:
        until(lambda: status_of(stage, "fast-test") == "created")
        assert status_of(stage, "fast-record") == "created"
        assert not stage.calls("start")
        app = stage.engine.world.boxes[stage.container("app")]
        stage.engine.world.set_health(app, "healthy")
        assert work.phase("web.record").state == "passed"
    assert stage.calls("create") == ["create fastflow-r1-web fast-record fast-test"]
    assert [call for call in stage.calls("start") if "lease" not in call] == [
        "start fastflow-r1-web-fast-record-1",
        "start fastflow-r1-web-fast-test-1",
    ]
    assert not stage.engine.world.boxes


@pytest.mark.parametrize(
    "text",
    [
        pair(test="container_name: tester"),
        pair(test="container: { read_only: true }"),
        pair(test="fresh: true"),
        pair(record="networks: [default]", test="networks: [default, back]").replace(
            "tests:1 } } }", "tests:1, networks: [back] } }, networks: { back: } }"
        ),
        pair(more="      again: { mode: testing, depends_on: [test, record] }"),
        pair(test="test_record: record").replace("    build_id: web1\n", ""),
    ],
)
def test_a_phase_is_not_created_ahead_where_that_could_go_wrong(tmp_path: Path, text: str) -> None:
    stage = Stage(tmp_path, text, {"fast-again": PASSES})
    stage.run()
    assert "create fastflow-r1-web fast-record" in stage.calls("create")


def test_a_run_that_keeps_its_containers_keeps_none_that_has_not_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair(), {"tests": said("tests", exit_code=1)}, settings=settings_of(keep=True))
    assert stage.phase("web.test").state == "skipped"
    assert status_of(stage, "fast-test") is None
    assert status_of(stage, "fast-record") == "exited"


def test_what_a_user_adds_to_a_container_is_started_by_compose(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair(record="container: { secrets: [cert] }"))
    assert stage.phase("web.record").state == "passed"
    assert stage.calls("up") == ["up fastflow-r1-web app", "up fastflow-r1-web fast-record"]


def test_a_created_container_goes_with_a_phase_whose_services_do_not_come_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair(record="services: { app: { timeout: 1 } }").replace("services: [app], ", ""))
    stage.engine.scripts["app"] = NEVER_UP
    gone: list[str | None] = []
    stage.listeners = (
        lambda event: (
            gone.append(status_of(stage, "fast-record"))
            if isinstance(event, PhaseChanged) and (event.phase, event.state) == ("web.record", "failed")
            else None
        ),
    )
    assert "not up within 1 s" in str(stage.phase("web.record").reason)
    assert stage.calls("create")
    assert gone == [None]


class Pruned(FakeEngine):
    """Somebody prunes containers that do not run, just before one is started."""

    times = 1

    def start(self, container_id: str) -> None:
        if self.times:
            self.times -= 1
            self.remove_containers([container_id])
        super().start(container_id)


@pytest.mark.parametrize(("times", "state"), [(2, "passed"), (1000, "failed")])
def test_a_container_that_is_pruned_before_it_ran_is_created_again(tmp_path: Path, times: int, state: str) -> None:
    stage = Stage(tmp_path, pair())
    pruned = Pruned(stage.engine.scripts, environment=stage.engine.environment)
    pruned.times = times
    stage.engine = pruned
    phase = stage.phase("web.record")
    assert phase.state == state
    if state == "failed":
        assert phase.reason == "the node's container was removed again and again before it ran"


class Unplugged(FakeEngine):
    """Somebody prunes networks that nothing runs on, just before a node is started on them."""

    times = 2

    def start(self, container_id: str) -> None:
        if self.world.boxes[container_id].container.labels.get("io.fastflow.role") == "node" and self.times:
            self.times -= 1
            self.remove_networks(self.networks({}))
            raise EngineCallError("network fastflow-r1-web_default not found")
        super().start(container_id)


def test_a_container_whose_network_is_pruned_before_it_ran_is_created_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair())
    stage.engine = Unplugged(stage.engine.scripts, environment=stage.engine.environment)
    assert stage.phase("web.record").state == "passed"
    assert stage.calls("create") == ["create fastflow-r1-web fast-record fast-test"] * 3


@pytest.mark.parametrize("networks", ["", ", networks: { default: { external: true, name: shared } }"])
def test_a_container_that_does_not_start_fails_the_phase_with_the_reason_of_the_engine(
    tmp_path: Path, networks: str
) -> None:
    stage = Stage(tmp_path, pair().replace("tests:1 } }", "tests:1 } }" + networks))
    stage.engine.kept["networks"]["shared"] = {}
    stage.engine.faults["start fastflow-r1-web-fast-record-1"] = EngineCallError("port is already allocated", "free it")
    phase = stage.phase("web.record")
    assert (phase.state, phase.reason) == ("failed", "port is already allocated")
    assert stage.calls("create") == ["create fastflow-r1-web fast-record fast-test"]


def test_a_skipped_phase_that_was_created_ahead_is_gone_in_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair(), {"tests": Script(exit_code=1)})
    assert stage.phase("web.test").state == "skipped"
    assert not stage.engine.world.boxes


def test_what_is_not_selected_is_not_created(tmp_path: Path) -> None:
    stage = Stage(tmp_path, pair(), selection=Selection(only="recording"))
    assert stage.phase("web.record").state == "passed"
    assert stage.calls("create") == ["create fastflow-r1-web fast-record"]
