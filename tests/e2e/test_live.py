"""A live run seen and steered from another process: ps, logs, wait, stop, down."""

import json
import signal
import urllib.request

import pytest

from fastflow.engines.docker import DockerEngine
from tests.e2e.live_runs import WAITING, live_run, newest, waiting

from .runs import Fastflow, docker, left_of, spec, workflow

pytestmark = pytest.mark.e2e


def test_a_recorder_without_a_source_is_fed_and_stopped_from_outside(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id, {**WAITING, "test": TESTED})}))
    with fastflow.running("up", "--emulate") as up:
        run = live_run(fastflow)
        proxy = fastflow("wait", f"{run}/web.record", "--for", "ready").out.strip()
        assert proxy.startswith("http://127.0.0.1:")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
        with opener.open("http://app/?page=1", timeout=30) as answer:
            assert answer.status == 200
        told = json.loads(fastflow("ps", "--format", "json", "--run", run).out)
        (seen,) = told["runs"]
        assert (seen["run"], seen["alive"], seen["spec"]) == (run, True, str(fastflow.directory / "fastflow.yml"))
        (node,) = seen["phases"]
        assert (node["id"], node["mode"], node["build_id"], node["status"], node["proxy"]) == (
            "web.record",
            "recording",
            build_id,
            "running",
            proxy,
        )
        logs = fastflow("logs", f"{run}/web.record")
        assert "starts to record" in logs.out
        assert fastflow("stop", f"{run}/web.record").out == f"stopped web.record of run {run}\n"
        ended = fastflow.finish(up)
    assert ended.code == 0, ended.err
    assert ended.states == {"web.record": "passed", "web.test": "passed"}


TESTED = """
mode: testing
services: { app: { log: Serving HTTP } }
test_run_uri: http://app:80
"""


def test_the_test_is_created_while_the_record_is_made_and_again_where_somebody_prunes(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    fastflow.write(spec({"web": workflow(build_id, {**WAITING, "test": TESTED})}))
    with fastflow.running("up", "--emulate") as up:
        run = live_run(fastflow)
        proxy = fastflow("wait", f"{run}/web.record", "--for", "ready").out.strip()
        tester = {"io.fastflow.run": run, "io.fastflow.node": "test"}
        (created,) = docker_engine.api.containers(tester)
        assert (created.status, created.started_at) == ("created", None)
        assert "web.test" not in fastflow("ps", "--run", run).out
        docker(docker_engine, ["container", "prune", "--force", "--filter", f"label=io.fastflow.run={run}"])
        assert docker_engine.api.containers(tester) == ()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
        opener.open("http://app/?page=1", timeout=30).close()
        fastflow("stop", f"{run}/web.record")
        ended = fastflow.finish(up)
    assert (ended.code, ended.states) == (0, {"web.record": "passed", "web.test": "passed"}), ended.err
    assert left_of(docker_engine, run) == []


def test_waiting_for_the_end_of_a_phase_tells_its_verdict(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id)}))
    with fastflow.running("up", "--emulate") as up:
        assert fastflow("wait", f"{newest(fastflow)}/web.record").out == "web.record passed\n"
        assert fastflow.finish(up).code == 0


def test_down_interrupts_a_live_run_only_when_it_is_named(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate") as up:
        run = live_run(fastflow)
        left_alone = fastflow("down")
        assert left_alone.code == 0
        assert f"run {run} is live and was left alone" in left_alone.out
        assert up.poll() is None
        down = fastflow("down", "--run", run)
        assert down.code == 0, down.err
        ended = fastflow.finish(up)
    assert ended.code == 130
    assert ended.reasons["web.record"] == "interrupted by `fastflow down`, while running"
    assert left_of(docker_engine, run) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_stops_gracefully_and_leaves_nothing(
    number: signal.Signals, code: int, fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate") as up:
        run = live_run(fastflow)
        up.send_signal(number)
        ended = fastflow.finish(up)
    assert ended.code == code
    assert ended.states == {"web.record": "cancelled"}
    assert ended.reasons["web.record"] == f"interrupted by {number.name}, while running"
    assert "is finished" in (ended.folder / "logs/web.record.log").read_text()
    assert left_of(docker_engine, run) == []


def test_what_is_not_there_is_said(fastflow: Fastflow, build_id: str) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate") as up:
        run = live_run(fastflow)
        unknown = fastflow("stop", f"{run}/web.recrod")
        assert unknown.code == 2
        assert f"run {run} has no phase `web.recrod`" in unknown.err
        assert "did you mean `web.record`?" in unknown.err.lower()
        assert fastflow("logs", "--run", "241124000000aaaaa").code == 3
        assert fastflow("stop", f"{run}/web.record").code == 0
        assert fastflow.finish(up).code == 0


def test_kept_containers_are_removed_by_down(fastflow: Fastflow, docker_engine: DockerEngine, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id)}))
    ended = fastflow("up", "--emulate", "--keep")
    assert ended.code == 0, ended.err
    run = ended.result["run"]
    names = {found.service for found in docker_engine.api.containers({"io.fastflow.run": run})}
    assert {"app", "fast-record", "fast-test"} <= names
    assert f"fastflow down --run {run}" in ended.out
    assert fastflow("down").code == 0
    assert left_of(docker_engine, run) == []


def test_another_checkout_sees_a_run_and_does_not_touch_it(fastflow: Fastflow, build_id: str) -> None:
    waiting(fastflow, build_id)
    other = Fastflow(fastflow.directory / "other")
    other.write((fastflow.directory / "fastflow.yml").read_text())
    with fastflow.running("up", "--emulate", "--run-id-file", "run.id") as up:
        run = live_run(fastflow)
        assert (fastflow.directory / "run.id").read_text() == f"{run}\n"
        for command in (["stop", "web.record"], ["wait", "web.record", "--timeout", "0"], ["logs", "web.record"]):
            refused = other(*command)
            assert (refused.code, refused.out) == (3, "")
            assert f"no run of {other.directory}/fastflow.yml is live" in refused.err
            assert f"{run} of {fastflow.directory}/fastflow.yml" in refused.err
        assert f"of {fastflow.directory}/fastflow.yml\n" in other("ps", "--run", run).out
        assert f"of {fastflow.directory}/fastflow.yml (the spec here)\n" in fastflow("ps", "--run", run).out
        assert "starts to record" in other("logs", f"{run}/web.record").out
        assert fastflow("stop", "web.record").code == 0
        assert fastflow.finish(up).code == 0
    over = fastflow("logs", "web.record")
    assert over.code == 0, over.err
    assert "starts to record" in over.out
