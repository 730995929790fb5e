"""`fastflow up` on a swarm of two engines: runs, their ends, and what is left of them, as users see it."""

import random
import subprocess
from pathlib import Path

import pytest

from .cluster_runs import PATIENT, RECORDS, Examples
from .registry import own_registry
from .runs import RECORD, TEST, spec, workflow
from .swarms import Swarm

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cluster")]


def test_two_workflows_run_on_two_nodes_as_they_would_on_one_host(tmp_path: Path, swarm_with_agent: Swarm) -> None:
    examples = Examples(tmp_path, swarm_with_agent, cpus="1.5")  # of two: one unit a node
    done = examples.call("up", "--emulate", "--report", "junit=out.xml", "--run-id-file", "id")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "4 passed" in done.stdout
    result = examples.result(".", examples.run)
    assert {phase["state"] for phase in result["phases"]} == {"passed"}
    assert len({phase["host"] for phase in result["phases"]}) == 2
    for phase in result["phases"]:
        assert Path(phase["log"]).is_relative_to(examples.directory)
        assert "TestRecord#" in Path(phase["log"]).read_text()
        assert all(Path(report).is_file() for report in phase["reports"])
    assert (examples.directory / "out.xml").is_file()
    assert examples.left() == {}


def test_one_run_is_on_the_cluster_and_on_an_engine(examples: Examples) -> None:
    here = f"here: {{ docker_host: {examples.swarm.machines[1].docker_host} }}"
    hosts = f"hosts: {{ farm: {{ context: swarm, swarm: true, reserve: {{ cpus: 0.5 }} }}, {here} }}"
    workflows = {host: workflow(f"{host}1", more=f"host: {host}") for host in ("farm", "here")}
    (examples.directory / "live" / "fastflow.yml").write_text(spec(workflows, hosts + "\n" + PATIENT))
    done = examples.call("up", "live", "--emulate", "--run-id-file", "id")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "4 passed" in done.stdout
    phases = examples.result("live", examples.run)["phases"]
    assert [phase["host"].partition("/")[0] for phase in phases] == ["farm", "farm", "here", "here"]
    assert all("TestRecord#" in Path(phase["log"]).read_text() for phase in phases)
    assert examples.left() == {}


def test_cells_of_a_matrix_are_units_and_their_commands_run_in_agents(examples: Examples) -> None:
    ask = "python3 -c 'import urllib.request as u; u.urlopen(\"http://app/?page=1\").read()'"
    record = RECORD.replace("source: { service: tests }", f"source:\n  run: |\n    {ask}")
    more = "host: farm\nmatrix: { shard: [1, 2] }"
    cells = {"web": workflow("cell${shard}", {"record": record, "test": TEST}, more=more)}
    hosts = "hosts: { farm: { context: swarm, swarm: true, source_run: true, reserve: { cpus: 1.5 } } }"
    (examples.directory / "live" / "fastflow.yml").write_text(spec(cells, hosts + "\n" + PATIENT))
    done = examples.call("up", "live", "--emulate", "--run-id-file", "id")
    assert done.returncode == 0, done.stderr + done.stdout
    phases = examples.result("live", examples.run)["phases"]
    assert {phase["id"] for phase in phases} == {
        f"web-{shard}.{node}" for shard in (1, 2) for node in ("record", "test")
    }
    assert len({phase["host"] for phase in phases}) == 2
    assert [phase["baselines"] for phase in phases if phase["mode"] == "testing"] == [1, 1]
    assert examples.left() == {}


def test_what_cannot_run_on_it_is_refused_with_the_way_out(examples: Examples) -> None:
    file = examples.directory / "vulnerable" / "fastflow.yml"
    text = file.read_text()
    kept = examples.call("up", "vulnerable", "--emulate", "--keep")
    assert (kept.returncode, "--keep is not available on a cluster" in kept.stderr) == (2, True)
    worker = examples.swarm.machines[1].docker_host
    file.write_text(text.replace("context: swarm", f'docker_host: "{worker}"'))
    refused = examples.call("up", "vulnerable", "--emulate")
    assert (refused.returncode, "is a worker of a swarm, not a manager" in refused.stderr) == (3, True)
    file.write_text(text.replace("swarm: true", "swarm: true, image: no-such-agent:1"))
    failed = examples.call("up", "vulnerable", "--emulate")
    assert failed.returncode == 3
    assert "fastflow agent build" in failed.stdout
    assert examples.left() == {}


def test_the_cloud_of_the_cluster_is_started_emptied_and_removed(examples: Examples) -> None:
    def emulator(*words: str) -> "subprocess.CompletedProcess[str]":
        return examples.call("emulator", *words, "--host", "farm")

    assert "the emulated cloud of farm is running" in emulator("up").stdout
    with examples.up("live", RECORDS):
        refused = emulator("down")
        assert (refused.returncode, examples.run in refused.stderr) == (3, True)
        assert " 0 records" not in emulator("status").stdout
        examples.call("down", "--run", examples.run, where="live")
    assert "are forgotten" in emulator("reset").stdout
    assert emulator("status").stdout.startswith("up on farm: 0 records")
    assert emulator("down").stdout == "the emulated cloud is down\n"
    assert (emulator("status").returncode, emulator("down").stdout) == (3, "the emulated cloud was not up\n")
    assert examples.call("emulator", "up", "--host", "barn").returncode == 2


def test_the_cloud_of_an_engine_with_another_network_has_no_address_here(examples: Examples) -> None:
    examples.environment["DOCKER_HOST"] = examples.swarm.manager.docker_host
    try:
        assert examples.call("emulator", "up").stdout == "the emulated cloud is running\n"
        assert "not reachable from here" in examples.call("emulator", "status").stdout
    finally:
        examples.call("emulator", "down")


def test_files_too_large_for_the_cluster_go_through_a_registry_with_a_login(examples: Examples) -> None:
    (examples.directory / "video.bin").write_bytes(random.Random(1).randbytes(1_500_000))
    refused = examples.call("up", "--emulate")
    assert refused.returncode == 2
    assert "video.bin (1.5 MB)" in refused.stderr
    assert "bundle: registry.example/ci/bundle" in refused.stderr
    with own_registry(examples.swarm) as registry:
        spec_file = examples.directory / "fastflow.yml"
        spec_file.write_text(
            spec_file.read_text().replace("swarm: true,", f"swarm: true, bundle: {registry}/ci/bundle,")
        )
        done = examples.call("up", "--emulate", "--run-id-file", "id")
        assert done.returncode == 0, done.stderr + done.stdout
        assert f"pushing 1.5 MB of files to {registry}/ci/bundle:{examples.run}" in done.stderr
    assert examples.left() == {}
    for machine in examples.swarm.machines:
        assert machine.docker("image", "ls", "-q", "--filter", "label=io.fastflow=bundle") == ""
        assert machine.docker("ps", "-aq", "--filter", "label=io.fastflow=bundle") == ""
