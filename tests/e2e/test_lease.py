"""The lease on a real engine: one BUILD_ID of a token is used by one run at a time, whoever holds it and wherever."""

import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine
from tests.e2e.live_runs import live_run, newest, waiting

from .runs import Ended, Fastflow, docker, spec, workflow

pytestmark = pytest.mark.e2e

TICKET = {"io.fastflow.waits-for": None}
OTHER_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def refused(ended: Ended, build_id: str, holder: str) -> None:
    """The second run names the first, and has started nothing."""
    assert ended.code == 4, ended.err
    assert f"BUILD_ID {build_id} is in use on this engine by run {holder}" in ended.err
    assert "help: wait for that run (--wait-lease 10m), or give this one its own BUILD_ID" in ended.err
    assert set(ended.states.values()) == {"cancelled"}


def stop(fastflow: Fastflow, run: str) -> None:
    assert fastflow("stop", f"{run}/web.record").code == 0


def test_a_second_run_with_the_build_id_is_refused_also_after_a_prune(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate") as first:
        run = live_run(fastflow)
        refused(fastflow("up", "--emulate"), build_id, run)
        docker(docker_engine, ["container", "prune", "--force"])
        refused(fastflow("up", "--emulate"), build_id, run)
        stop(fastflow, run)
        assert fastflow.finish(first).code == 0


def test_a_holder_in_another_pid_namespace_is_seen(fastflow: Fastflow, build_id: str) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate", prefix=OTHER_NAMESPACE) as first:
        run = live_run(fastflow)
        refused(fastflow("up", "--emulate"), build_id, run)
        stop(fastflow, run)
        assert fastflow.finish(first).code == 0


def test_what_a_killed_run_held_is_reclaimed_and_what_it_left_is_removed(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str, tmp_path: Path
) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate") as first:
        dead = live_run(fastflow)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert docker_engine.api.containers({"io.fastflow.run": dead})
    elsewhere = Fastflow(tmp_path / "elsewhere")
    elsewhere.directory.mkdir()
    listed = elsewhere("ps", "--run", dead)
    assert "not live: `fastflow down` removes what is left of it" in listed.out
    assert "web.record" in listed.out
    down = elsewhere("down", "--run", dead)
    assert down.code == 0, down.err
    assert f"removed run {dead}" in down.out
    assert not docker_engine.api.labelled("io.fastflow.run") or all(
        labels["io.fastflow.run"] != dead for labels in docker_engine.api.labelled("io.fastflow.run")
    )
    with fastflow.running("up", "--emulate") as second:
        run = next(name for name in iter(lambda: newest(fastflow), "") if name != dead)
        assert fastflow("wait", "web.record", "--for", "ready", "--timeout", "60", "--run", run).code == 0
        stop(fastflow, run)
        assert fastflow.finish(second).code == 0


def test_another_build_id_runs_beside_it(fastflow: Fastflow, build_id: str) -> None:
    waiting(fastflow, build_id)
    fastflow.write(spec({"web": workflow(f"{build_id}other")}), "other/fastflow.yml")
    with fastflow.running("up", "--emulate") as first:
        run = live_run(fastflow)
        beside = fastflow("up", "--emulate", "other")
        assert beside.code == 0, beside.err
        stop(fastflow, run)
        assert fastflow.finish(first).code == 0


def waiting_at(process: "subprocess.Popen[str]", place: int) -> str:
    """Wait until a run says that it waits at a place in line; return for whom."""
    assert process.stderr is not None
    for line in process.stderr:
        if f"waiting at place {place} in line" in line:
            return line
    raise AssertionError("it does not wait")


def test_runs_wait_in_line_and_whoever_is_stopped_leaves_it(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    waiting(fastflow, build_id)
    with ExitStack() as stack:

        def start(*more: str) -> "subprocess.Popen[str]":
            return stack.enter_context(fastflow.running("up", "--emulate", "--progress", "plain", *more))

        def wait(place: int) -> tuple[str, "subprocess.Popen[str]"]:
            file = fastflow.directory / f"{place}.id"
            process = start("--wait-lease", "5m", "--run-id-file", str(file))
            assert f"in use on this engine by run {first}" in waiting_at(process, place)
            return file.read_text().strip(), process

        holder = start()
        first = live_run(fastflow)
        (_, second), *others = [wait(place) for place in (1, 2, 3)]
        second.send_signal(signal.SIGTERM)
        assert fastflow.finish(second).code == 143
        stop(fastflow, first)
        assert fastflow.finish(holder).code == 0
        for run, process in others:
            ready = fastflow("wait", f"{run}/web.record", "--for", "ready", "--timeout", "60")
            assert ready.code == 0, ready.err
            stop(fastflow, run)
            assert fastflow.finish(process).code == 0
    spec_of_tickets = {found.labels["io.fastflow.spec"] for found in docker_engine.api.containers(TICKET)}
    assert str(fastflow.directory / "fastflow.yml") not in spec_of_tickets


def test_who_waits_too_long_or_not_at_all_ends_with_4(fastflow: Fastflow, build_id: str) -> None:
    waiting(fastflow, build_id)
    with fastflow.running("up", "--emulate") as holder:
        run = live_run(fastflow)
        late = fastflow("up", "--emulate", "--wait-lease", "1s")
        assert late.code == 4, late.err
        assert "the time limit of --wait-lease has passed" in late.err
        assert f"by run {run}" in late.err
        stop(fastflow, run)
        assert fastflow.finish(holder).code == 0
