"""The application's services: up, checked again, never recreated, anew, removed (docs: a run, Services)."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.errors import EngineCallError
from fastflow.run import service_wait
from fastflow.run.container import Probe
from tests.fakes.containers import Script
from tests.unit.run.stage import PASSES, SERVES, Stage, said
from tests.waiting import until

SPEC = """
workflows:
  web:
    compose: {{ services: {{ app: {{ image: app:1{app} }}, db: {{ image: db:1 }} }}, volumes: {{ data: {{}} }} }}
    nodes:
      a: {{ mode: testing, build_id: a1, test_record_id: r1{a} }}
      b: {{ mode: testing, build_id: b1, test_record_id: r1, depends_on: [a]{b} }}
"""
NODES = {"fast-a": PASSES, "fast-b": PASSES, "db": SERVES}


def spec(a: str = "", b: str = "", app: str = "") -> str:  # no test
    """Two testers, one after the other, and what each and the application has besides."""
    return SPEC.format(**{name: text and f", {text}" for name, text in {"a": a, "b": b, "app": app}.items()})


def began(stage: Stage) -> list[str]:
    """What was brought up or started, in order."""
    calls = (call for call in stage.engine.calls if call.split()[0] in ("up", "start") and "lease" not in call)
    return [
        call.replace("fastflow-r1-web", "").replace(" -", " ").removesuffix("-1").replace("  ", " ") for call in calls
    ]


def test_services_start_with_the_first_phase_and_stay_as_they_are(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(), NODES)
    assert stage.run().exit_code == 0
    assert began(stage) == ["up app db", "start fast-a", "start fast-b"]
    removed = [call for call in stage.engine.calls if call.startswith("remove fastflow-r1-web-app")]
    assert len(removed) == 1
    assert stage.engine.calls.index(removed[0]) > stage.engine.calls.index("remove fastflow-r1-web-fast-b-1")


def test_only_what_a_phase_needs_is_started(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(a="services: [db]", b="services: [app, db]"), NODES)
    assert stage.run().exit_code == 0
    assert began(stage) == ["up db", "start fast-a", "up app", "start fast-b"]


def test_a_healthcheck_says_when_a_service_is_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(), {**NODES, "app": Script(health="starting")})
    with stage.running() as work:
        stage.until("web.a", "starting")
        app = stage.running_container("app")
        assert stage.states("web.a") == ["starting"]
        stage.engine.set_health(app, "healthy")
        assert work.phase("web.a").state == "passed"


@pytest.mark.parametrize("health", [None, "healthy"])
def test_a_pattern_says_when_a_service_without_a_healthcheck_is_up(tmp_path: Path, health: str | None) -> None:
    app = Script(("port 80 open",), health=health)  # type: ignore[arg-type]  # a health
    text = spec(a="services: { app: { log: 'port \\d+ open', timeout: 2s } }", b="services: []")
    assert Stage(tmp_path / "a", text, {**NODES, "app": app}).phase("web.a").state == "passed"
    phase = Stage(tmp_path / "b", text, {**NODES, "app": replace(app, lines=("no",))}).phase("web.a")
    expected = ("failed", "services not up within 2 s: app") if health is None else ("passed", None)
    assert (phase.state, phase.reason) == expected


def test_each_service_has_its_own_time(tmp_path: Path) -> None:
    text = spec(a="services: { app: { timeout: 1s }, db: { timeout: 1h } }")
    late = Script(health="starting")
    phase = Stage(tmp_path, text, {**NODES, "app": late, "db": late}).phase("web.a")
    assert (phase.state, phase.reason) == ("failed", "services not up within 1 s: app")


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (Probe(1, "refused:\n port 80\n"), ": its last healthcheck ended with exit code 1: refused: port 80"),
        (Probe(-1, "Health check exceeded timeout (1s)"), ": its last healthcheck: Health check exceeded timeout (1s)"),
        (Probe(7, ""), ": its last healthcheck ended with exit code 7"),
        (None, ""),
    ],
)
def test_one_that_turns_unhealthy_fails_the_phase_at_once(tmp_path: Path, probe: Probe | None, said: str) -> None:
    stage = Stage(tmp_path, spec(), {**NODES, "app": Script(("no database",), health="starting")})
    with stage.running() as work:
        stage.engine.set_health(stage.running_container("app"), "unhealthy", probe)
        phase = work.phase("web.a")
    assert (phase.state, phase.reason) == ("failed", f"service app is unhealthy{said}")
    assert "the log of app ends with `no database`" in str(phase.hint)
    assert phase.evidence is not None
    assert (phase.evidence.of, phase.evidence.lines) == ("service app", ("no database",))


def test_one_that_is_unhealthy_and_silent_says_what_to_do_all_the_same(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(), {**NODES, "app": Script(health="starting")})
    with stage.running() as work:
        stage.engine.set_health(stage.running_container("app"), "unhealthy", Probe(1, ""))
        phase = work.phase("web.a")
    assert phase.hint == "fix the service's healthcheck, or what it checks"


def test_what_is_waited_for_is_said_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_wait, "PERIOD", 0.01)
    text = spec(a="services: { app: {}, db: { log: ready to serve } }")
    stage = Stage(tmp_path, text, {**NODES, "app": Script(health="starting")})
    with stage.running():
        until(lambda: bool(stage.notes))
        note = "waiting for services: app (starting), db (running, has not printed `ready to serve`)"
        until(lambda: note in stage.notes)
        stage.engine.say(stage.container("db"), "ready to serve")
        until(lambda: stage.notes[-1] == "waiting for services: app (starting)")
        stage.engine.set_health(stage.container("app"), "healthy")
        stage.until("web.a", "passed")


def test_one_that_dies_while_another_is_waited_for_fails_at_once(tmp_path: Path) -> None:
    text = spec(a="services: { app: { log: never }, db: {} }")
    stage = Stage(tmp_path, text, NODES)
    with stage.running() as work:
        stage.until("web.a", "starting")
        db = stage.running_container("db")
        stage.engine.say(db, "out of disk")
        stage.engine.end(db, 1)
        phase = work.phase("web.a")
    assert (phase.state, phase.reason) == ("failed", "service db ended with exit code 1")
    log = stage.folder / "logs/web.a.service-db.log"
    assert phase.hint == f"the log of db ends with `out of disk`, see {log}"
    assert log.read_text() == "listening\nout of disk\n"


@pytest.mark.parametrize("log", ["", "services: { app: { log: never }, db: {} }"])
def test_one_that_ended_with_0_counts_as_up_and_is_not_started_again(tmp_path: Path, log: str) -> None:
    stage = Stage(tmp_path, spec(a=log), {**NODES, "app": Script(("migrated",), exit_code=0)})
    assert stage.run().exit_code == 0
    assert len([call for call in stage.calls("up") if "app" in call]) == 1


def test_one_that_did_its_work_is_not_started_again_for_what_depends_on_it(tmp_path: Path) -> None:
    text = spec(a="services: [app]", b="services: [db]").replace("db:1 }", "db:1, depends_on: [app] }")
    starts: list[str] = []
    stage = Stage(tmp_path, text, NODES)
    stage.engine.scripts["app"] = Script(("migrated",), exit_code=0, on_start=lambda found: starts.append(found.id))
    assert stage.run().exit_code == 0
    assert len(starts) == 1


def test_one_that_ended_with_another_code_fails_the_phases_that_need_it(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path, spec(a="services: [app]", b="services: [db]").replace("depends_on: [a]", "workers: 1"), NODES
    )
    stage.engine.scripts["app"] = Script(("no such host",), exit_code=3)
    phases = stage.phases()
    assert (phases["web.a"].state, phases["web.a"].reason) == ("failed", "service app ended with exit code 3")
    assert str(phases["web.a"].hint).startswith("the log of app ends with `no such host`, see ")
    assert phases["web.b"].state == "passed"


@pytest.mark.parametrize(("code", "state"), [(None, "failed"), (0, "passed")])
def test_one_that_somebody_removes_is_not_up_unless_it_had_done_its_work(
    tmp_path: Path, code: int | None, state: str
) -> None:
    stage = Stage(tmp_path, spec(b="services: [db]"), {**NODES, "app": replace(SERVES, health="starting")})
    with stage.running() as work:
        until(lambda: "create fastflow-r1-web fast-a" in " ".join(stage.calls("create")))
        app = stage.engine.world.boxes[stage.container("app")]
        if code is not None:
            stage.engine.world.end(app, code)
        stage.engine.remove_containers([app.container.id])
        phase = work.phase("web.a")
    assert phase.state == state
    if state == "failed":
        assert phase.reason == "service app is gone: something else removed its container"


def test_services_are_checked_again_before_each_phase_and_never_recreated(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(b="services: [app]"), NODES)
    stage.engine.scripts["fast-a"] = replace(PASSES, on_start=lambda _: stage.engine.end(stage.container("app"), 1))
    text = stage.text.replace("depends_on: [a]", "depends_on: { a: { condition: finished } }")
    stage.text = text
    phases = stage.phases()
    reasons = [str(phase.reason) for phase in phases.values()]
    assert reasons[0].startswith("service app ended with exit code 1 at ")
    assert reasons[1] == "service app ended with exit code 1"
    assert len([call for call in stage.calls("up") if "app" in call]) == 1


def test_a_service_that_dies_while_a_node_records_fails_the_recording(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    dies = replace(stage.engine.scripts["tests"], on_start=lambda _: stage.engine.end(stage.container("app"), 137))
    stage.engine.scripts["tests"] = dies
    phase = stage.phase()
    assert phase.state == "failed"
    assert str(phase.reason).startswith("service app ended with exit code 137 at ")


def test_beside_one_that_died_no_other_is_started(tmp_path: Path) -> None:
    # Compose would start the dead one again.
    text = spec(a="services: [db]").replace("depends_on: [a]", "depends_on: { a: { condition: finished } }")
    stage = Stage(tmp_path, text, NODES)
    stage.engine.scripts["fast-a"] = replace(PASSES, on_start=lambda _: stage.engine.end(stage.container("db"), 1))
    assert stage.phase("web.b").reason == "service db ended with exit code 1"
    assert not [call for call in stage.calls("up") if "app" in call]


@pytest.mark.parametrize(("fresh", "anew"), [("true", {"app", "db"}), ("[app]", {"app"})])
def test_fresh_services_are_created_anew_with_their_volumes(tmp_path: Path, fresh: str, anew: set[str]) -> None:
    seen: list[dict[str, str]] = []
    stage = Stage(tmp_path, spec(b=f"fresh: {fresh}", app="volumes: ['data:/data']"), NODES)

    def look(_: object) -> None:
        seen.append({str(found.service): found.id for found in stage.engine.world.matching({})})

    removed: list[str] = []
    real = stage.engine.remove_volumes
    stage.engine.remove_volumes = lambda names: removed.extend(kept := list(names)) or real(kept)  # type: ignore[method-assign, func-returns-value]
    for name in ("fast-a", "fast-b"):
        stage.engine.scripts[name] = replace(PASSES, on_start=look)
    assert stage.run().exit_code == 0
    before, after = seen
    assert {name for name in ("app", "db") if before[name] != after[name]} == anew
    assert removed.count("fastflow-r1-web_data") == 2  # anew, and at the end


def test_an_engine_that_cannot_start_services_is_told_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(), NODES)
    stage.engine.faults["up fastflow-r1-web app db"] = EngineCallError("port is already allocated", "free it")
    phase = stage.phase("web.a")
    assert (phase.state, phase.reason, phase.hint) == ("failed", "services: port is already allocated", "free it")


def test_services_that_compose_waits_for_too_long_are_named(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(a="services: { app: { timeout: 1s }, db: { timeout: 1s } }"), NODES)
    stage.engine.hanging.add("up fastflow-r1-web app db")
    phase = stage.phase("web.a")
    assert phase.reason == "services: `up fastflow-r1-web app db` did not end within 1 s"


def test_phases_at_once_start_services_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec().replace(", depends_on: [a]", ""), NODES)
    assert stage.run().exit_code == 0
    assert len([call for call in stage.calls("up") if "app" in call]) == 1


def test_the_container_of_a_phase_is_gone_before_the_next_begins(tmp_path: Path) -> None:
    named = "container_name: fast"
    stage = Stage(tmp_path, spec(named, named), NODES)
    stage.engine.scripts["app"] = said("app", "up")
    assert stage.run().exit_code == 0


@pytest.mark.parametrize(
    ("app", "may_wait"),
    [("", False), ("depends_on: [db]", False), ("depends_on: { db: { condition: service_healthy } }", True)],
)
def test_only_services_that_wait_for_each_other_may_make_compose_wait(tmp_path: Path, app: str, may_wait: bool) -> None:
    stage = Stage(tmp_path, spec(app=app), NODES)
    assert stage.run().exit_code == 0
    assert stage.engine.patient == (["up fastflow-r1-web app db"] if may_wait else [])
