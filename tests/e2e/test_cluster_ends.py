"""How runs on a swarm end: by signals, by other commands, with their agent, with their node."""

import signal

import pytest

from .cluster_runs import PATIENCE, RECORDS, Examples

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cluster-ends")]
HOLES = ["ptrav", "sqli", "xss"]


def test_a_run_outlives_its_dispatcher_and_is_taken_up(examples: Examples) -> None:
    with examples.up("vulnerable", "shop.record running") as process:
        process.kill()
        process.wait()
    run = examples.run
    second = examples.call("up", "vulnerable", "--emulate")
    assert second.returncode == 4, second.stderr
    assert f"BUILD_ID 3 is in use on this cluster by run {run}" in second.stderr
    attached = examples.call("attach", run, where="vulnerable")
    assert attached.returncode == 1, attached.stderr + attached.stdout
    found = examples.result("vulnerable", run)["phases"][1]["vulnerabilities"]
    assert sorted(one["type"] for one in found) == HOLES
    assert all(one["threat"] for one in found)
    resumed = examples.call("up", "vulnerable", "--emulate", "--resume", run)
    assert resumed.returncode == 1, resumed.stderr + resumed.stdout
    assert "shop.record  passed" in resumed.stdout
    assert "shop.record  starting" not in resumed.stderr
    assert examples.left() == {}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_stops_its_units_and_leaves_nothing(
    examples: Examples, number: signal.Signals, code: int
) -> None:
    with examples.up("live", RECORDS) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err + out
    assert f"interrupted by {number.name}, while running" in out
    examples.call("down", where="live")  # a slow machine may not have ended all in time
    assert examples.left() == {}


def test_a_run_that_no_node_takes_says_why_it_waits_and_can_be_ended(examples: Examples) -> None:
    live = examples.directory / "live" / "fastflow.yml"
    live.write_text(live.read_text().replace("reserve:", "constraints: [node.labels.ci == no-such], reserve:", 1))
    with examples.up("live", "units without a node yet: 1; the cluster says: no suitable node") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err + out
    assert "interrupted by SIGINT, while waiting" in out
    assert examples.left() == {}


def test_a_live_run_is_seen_and_ended_by_its_name_alone(examples: Examples) -> None:
    with examples.up("live", RECORDS) as process:
        run = examples.run
        assert f"run {run}  live on cluster farm" in examples.call("ps", where="live").stdout
        assert f"run {run} is live and was left alone" in examples.call("down", where="live").stdout
        assert (
            "there is no `fastflow stop` of a phase there" in examples.call("stop", "web.record", where="live").stderr
        )
        assert f"removed run {run}" in examples.call("down", "--run", run, where="live").stdout
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err + out
    assert examples.left() == {}


def test_an_agent_that_is_killed_fails_its_phases_and_its_node_is_swept(examples: Examples) -> None:
    with examples.up("live", RECORDS) as process:
        for machine in examples.swarm.machines:
            agents = machine.docker(
                "ps", "-q", "--filter", "label=com.docker.swarm.service.name", "--filter", "name=u1"
            )
            if agents:
                machine.docker("kill", "--signal", "KILL", *agents.split())
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err + out
    assert "its agent ended with exit code 137" in out
    assert examples.left() == {}


def test_a_drained_node_fails_its_phases_and_runs_nothing_a_second_time(examples: Examples) -> None:
    manager = examples.swarm.manager
    with examples.up("live", RECORDS) as process:
        node = node_of(examples)
        manager.docker("node", "update", "--availability", "drain", node)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            manager.docker("node", "update", "--availability", "active", node)
    assert process.returncode == 3, err + out
    assert f"node {node} was drained, cut off or shut down (infrastructure)" in out
    assert examples.left() == {}


def node_of(examples: Examples) -> str:
    """The node on which the run's only unit is."""
    text = examples.swarm.manager.docker("service", "ps", "--format", "{{.Node}}", f"fastflow-{examples.run}u1")
    return text.split()[0]
