"""Runs on several hosts: two engines of the test's own besides the machine's, and what other processes see of them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fastflow.emulation.image import image_name
from fastflow.engines.docker import DockerEngine
from fastflow.run.container import ContainerEvent
from tests.e2e.live_runs import WAITING, newest

from .own_engine import OwnEngine, own_engine
from .runs import RUN_LABEL, Fastflow, left_of, spec, workflow

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("hosts")]

ROLE, WORKFLOW, NODE = "io.fastflow.role", "io.fastflow.workflow", "io.fastflow.node"


@pytest.fixture(scope="module")
def hosts(docker_engine: DockerEngine, busybox_image: str) -> Iterator[dict[str, OwnEngine]]:
    """Two engines, with the images of the emulator and of the application."""
    docker_engine.info()
    if docker_engine.api.missing_images([image_name()]):
        pytest.fail(f"the image {image_name()} is missing; make it with `fastflow emulator build`")
    with ExitStack() as stack:
        yield {name: stack.enter_context(own_engine()) for name in ("a", "b")}


def head(hosts: dict[str, OwnEngine], **limits: int) -> str:
    """The spec's `hosts`."""
    lines = [f"  {name}: {_host(engine, limits.get(name))}" for name, engine in hosts.items()]
    return "\n".join(["hosts:", *lines])


def _host(engine: OwnEngine, limit: int | None) -> str:
    more = f", max_parallel: {limit}" if limit else ""
    return f"{{ docker_host: {json.dumps(engine.address)}{more} }}"


@dataclass
class Seen:
    """What happened on an engine, as it said itself: (event, role, phase), in order."""

    happened: list[tuple[str, str, str]] = field(default_factory=list)

    def take(self, event: ContainerEvent) -> None:
        labels = event.labels
        if event.action in ("start", "die") and RUN_LABEL in labels:
            phase = f"{labels.get(WORKFLOW, '')}.{labels.get(NODE, '')}"
            self.happened.append((event.action, labels.get(ROLE, ""), phase))

    @property
    def nodes(self) -> set[str]:
        return {phase for action, role, phase in self.happened if (action, role) == ("start", "node")}

    @property
    def leases(self) -> int:
        return sum((action, role) == ("start", "lease") for action, role, _ in self.happened)

    @property
    def most_at_once(self) -> int:
        now = most = 0
        for action, role, _ in self.happened:
            if role == "node":
                now += 1 if action == "start" else -1
                most = max(most, now)
        return most


@contextmanager
def watched(hosts: dict[str, OwnEngine]) -> Iterator[dict[str, Seen]]:
    """See what happens on the engines during the block."""
    seen = {name: Seen() for name in hosts}
    streams = [engine.client().api.events(seen[name].take) for name, engine in hosts.items()]
    try:
        yield seen
    finally:
        for stream in streams:
            stream.close()


def nothing_left(hosts: dict[str, OwnEngine], run: str) -> bool:
    return [left_of(engine.client(), run) for engine in hosts.values()] == [[], []]


def test_each_workflow_runs_on_its_host(fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str) -> None:
    workflows = {
        "web": workflow(build_id, more="host: a"),
        "api": workflow(f"{build_id}b", more="host: b"),
        "free": workflow(f"{build_id}c", more="host: any"),
        "late": workflow(f"{build_id}d", more="host: [b]"),
    }
    fastflow.write(spec(workflows, head(hosts, a=1)))
    with watched(hosts) as seen:
        ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.err
    assert set(ended.states.values()) == {"passed"}
    planned = {phase["id"]: phase["host"] for phase in ended.result["phases"]}
    assert {name: host for name, host in planned.items() if not name.startswith("free")} == {
        "web.record": "a",
        "web.test": "a",
        "api.record": "b",
        "api.test": "b",
        "late.record": "b",
        "late.test": "b",
    }
    for name in hosts:
        assert seen[name].nodes == {phase for phase, host in planned.items() if host == name}
    assert (seen["a"].leases, seen["b"].leases) == (3, 3)  # of two workflows, and what says that the run is live
    assert seen["a"].most_at_once == 1
    assert nothing_left(hosts, ended.result["run"])


def test_another_process_sees_and_interrupts_a_run_on_two_hosts(
    fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str
) -> None:
    two(fastflow, hosts, build_id)
    with fastflow.running("up", "--emulate") as up:
        run = newest(fastflow)
        both_ready(fastflow, run)
        (seen,) = json.loads(fastflow("ps", "--format", "json", "--run", run).out)["runs"]
        assert seen["alive"]
        assert {phase["id"]: phase["host"] for phase in seen["phases"]} == {"web.record": "a", "api.record": "b"}
        logs = fastflow("logs", "--run", run).out
        assert "api.record | " in logs
        assert "web.record | " in logs
        assert fastflow("stop", f"{run}/api.record").out == f"stopped api.record of run {run}\n"
        assert fastflow("wait", f"{run}/api.record").out == "api.record passed\n"
        assert up.poll() is None
        down = fastflow("down", "--run", run)
        assert down.code == 0, down.err
        ended = fastflow.finish(up)
    assert ended.code == 130, ended.err
    assert ended.states == {"web.record": "cancelled", "api.record": "passed"}
    assert nothing_left(hosts, run)


def test_what_a_killed_run_left_on_two_hosts_is_one_run_and_removed_once(
    fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str
) -> None:
    two(fastflow, hosts, build_id)
    with fastflow.running("up", "--emulate") as up:
        run = newest(fastflow)
        both_ready(fastflow, run)
        up.kill()
    below = Fastflow(fastflow.directory / "below")
    below.directory.mkdir()
    assert fastflow("ps", "--run", run).out.count(f"run {run}  not live") == 1
    assert below("down").out == f"removed run {run}\n"
    assert nothing_left(hosts, run)


def test_an_engine_that_is_dead_from_the_start_stops_the_run_and_is_named(
    fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str, tmp_path: Path
) -> None:
    dead = OwnEngine(tmp_path, 0)
    two(fastflow, {"a": hosts["a"], "b": dead}, build_id)
    ended = fastflow("up", "--emulate")
    assert ended.code == 3
    assert f"error: host b: Cannot connect to the Docker daemon at {dead.address}" in ended.err
    assert left_of(hosts["a"].client()) == []


def test_a_dead_engine_is_passed_over_by_workflows_that_may_run_elsewhere(
    fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str, tmp_path: Path
) -> None:
    dead = OwnEngine(tmp_path, 0)
    workflows = {
        "web": workflow(build_id, more="host: [dead, b]"),
        "api": workflow(f"{build_id}b", more="host: any"),
        "free": workflow(f"{build_id}c"),
    }
    fastflow.write(spec(workflows, head({"dead": dead, **hosts})))
    ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.err
    assert f"host dead is skipped: Cannot connect to the Docker daemon at {dead.address}" in ended.err
    used = {phase["workflow"]: phase["host"] for phase in ended.result["phases"]}
    assert used == {"web": "b", "api": "a", "free": "a"}
    planned = json.loads((fastflow.directory / ".fastflow/runs" / ended.result["run"] / "plan.json").read_text())
    assert {phase["host"] for phase in planned["phases"]} == {"a", "b"}
    assert nothing_left(hosts, ended.result["run"])


def test_an_engine_that_dies_in_the_middle_fails_its_phases_alone(
    fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str
) -> None:
    two(fastflow, hosts, build_id)
    with fastflow.running("up", "--emulate") as up:
        run = newest(fastflow)
        both_ready(fastflow, run)
        with hosts["b"].down():
            assert fastflow("wait", "api.record", "--run", run).code != 0
            assert up.poll() is None
            assert fastflow("stop", f"{run}/web.record").code == 0
            ended = fastflow.finish(up)
    assert ended.code == 3, ended.err
    assert ended.states == {"web.record": "passed", "api.record": "failed"}
    (reason,) = (phase["reason"] for phase in ended.result["phases"] if phase["id"] == "api.record")
    assert "daemon" in reason
    fastflow("down", "--run", run)
    assert nothing_left(hosts, run)


def test_an_engine_that_does_not_answer_hides_no_other(
    fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str, tmp_path: Path
) -> None:
    fastflow.write(spec({"web": workflow(build_id, WAITING, more="host: a")}, head({"a": hosts["a"]})))
    with fastflow.running("up", "--emulate") as up:
        run = newest(fastflow)
        assert fastflow("wait", "web.record", "--for", "ready", "--run", run).code == 0
        two(fastflow, {"a": hosts["a"], "b": OwnEngine(tmp_path, 0)}, build_id)
        seen = fastflow("ps", "--run", run)
        assert (seen.code, f"run {run}  live on" in seen.out) == (0, True)
        assert seen.err.startswith("warning: host b is left out: Cannot connect to the Docker daemon")
        with fastflow.running("wait", f"{run}/web.record") as waiting:
            assert waiting.stderr is not None
            assert "host b is left out" in waiting.stderr.readline()
            assert fastflow("stop", f"{run}/web.record").code == 0
            waited = fastflow.finish(waiting)
        assert (waited.code, waited.out, waited.err) == (0, "web.record passed\n", "")
        assert fastflow.finish(up).code == 0
    down = fastflow("down")
    assert (down.code, down.out) == (3, "nothing to remove\n")


def test_two_names_of_one_engine_are_one(fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str) -> None:
    other = hosts["a"].directory / "other.sock"
    other.symlink_to(hosts["a"].directory / "docker.sock")
    fastflow.write(spec({"web": workflow(build_id, WAITING, more="host: a")}, head({"a": hosts["a"]})))
    with fastflow.running("up", "--emulate") as up:
        run = newest(fastflow)
        assert fastflow("wait", "web.record", "--for", "ready", "--run", run).code == 0
        for address in (hosts["a"].address, f"unix://{other}"):
            here = Fastflow(fastflow.directory, {"DOCKER_HOST": address})
            (seen,) = json.loads(here("ps", "--format", "json").out)["runs"]
            assert [(phase["id"], phase["host"]) for phase in seen["phases"]] == [("web.record", "a")]
        assert fastflow("stop", f"{run}/web.record").code == 0
        assert fastflow.finish(up).code == 0


def two(fastflow: Fastflow, hosts: dict[str, OwnEngine], build_id: str) -> None:
    """Write a spec of two recorders that record until they are stopped, on a host each."""
    workflows = {
        "web": workflow(build_id, WAITING, more="host: a"),
        "api": workflow(f"{build_id}b", WAITING, more="host: b"),
    }
    fastflow.write(spec(workflows, head(hosts)))


def both_ready(fastflow: Fastflow, run: str) -> None:
    """Wait until both recorders of `two` record."""
    for phase in ("web.record", "api.record"):
        ready = fastflow("wait", phase, "--for", "ready", "--run", run)
        assert ready.code == 0, ready.err
