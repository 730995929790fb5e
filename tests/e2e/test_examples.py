"""The examples, run as a new user runs them: `fastflow up --emulate`, no token, no account."""

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine

from .conftest import engine_environment
from .runs import Fastflow, left_of

# One at a time: the example has fixed host ports and container names.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("examples")]
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def examples(fastflow: Fastflow) -> Fastflow:
    """A copy of the examples: what a run writes goes there, and `.fastflow` of the user's own runs stays his."""
    target = fastflow.directory / "examples"
    shutil.copytree(EXAMPLES, target, ignore=shutil.ignore_patterns(".fastflow", "__pycache__"))
    return Fastflow(target, {"WALLARM_API_TOKEN": ""})


def node_times(run: str) -> dict[str, list[float]]:
    """When the kept nodes of a run started and ended by the engine's own clock, in seconds, by phase: [start, end]."""
    listed = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=io.fastflow.run={run}", "--filter", "label=io.fastflow.role=node"],
        capture_output=True,
        text=True,
        check=True,
        env=engine_environment(),
    )
    inspected = subprocess.run(
        ["docker", "inspect", *listed.stdout.split()],
        capture_output=True,
        text=True,
        check=True,
        env=engine_environment(),
    )
    times = {}
    for container in json.loads(inspected.stdout):
        labels = container["Config"]["Labels"]
        state = container["State"]
        phase = f"{labels['io.fastflow.workflow']}.{labels['io.fastflow.node']}"
        times[phase] = [engine_time(state["StartedAt"]), engine_time(state["FinishedAt"])]
    return times


def engine_time(text: str) -> float:
    """Read a time of the engine, which gives nanoseconds, as seconds."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}+00:00").timestamp() + float(f"0.{fraction or 0}")


def overlap(first: list[float], second: list[float]) -> float:
    """How much of the shorter one the two share, from 0 to 1."""
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return shared / min(first[1] - first[0], second[1] - second[0])


def test_two_workflows_record_and_test_at_the_same_time(examples: Fastflow, docker_engine: DockerEngine) -> None:
    ended = examples("up", "--emulate", "--keep")
    assert ended.code == 0, ended.err
    assert set(ended.states.values()) == {"passed"}
    run = ended.result["run"]
    phases = node_times(run)
    assert overlap(phases["workflow-1.record"], phases["workflow-2.record"]) >= 0.5
    assert overlap(phases["workflow-1.test"], phases["workflow-2.test"]) >= 0.5
    by_id = {phase["id"]: phase for phase in ended.result["phases"]}
    for number in (1, 2):
        record, test = by_id[f"workflow-{number}.record"], by_id[f"workflow-{number}.test"]
        assert record["test_record"] == test["test_record"]
        assert (record["build_id"], test["build_id"]) == (str(number), str(number))
        assert Path(examples.directory / test["log"]).is_file() or Path(test["log"]).is_file()
    assert by_id["workflow-1.record"]["test_record"] != by_id["workflow-2.record"]["test_record"]
    assert examples("down", "--run", run).code == 0
    assert left_of(docker_engine, run) == []


def test_the_three_holes_are_found_each_at_its_parameter_and_nothing_else(
    examples: Fastflow, docker_engine: DockerEngine
) -> None:
    ended = examples("up", "--emulate", "vulnerable/fastflow.yml", "--report", "json=out/report.json")
    assert ended.code == 1, ended.err
    report = json.loads((examples.directory / "out/report.json").read_text())
    test = next(phase for phase in report["phases"] if phase["mode"] == "testing")
    assert test["state"] == "vulnerable"
    found = sorted(
        (one["type"], one["parameter"], one["uri"].partition("app:3000")[2]) for one in test["vulnerabilities"]
    )
    assert found == [("ptrav", "file", "/manuals"), ("sqli", "code", "/coupon"), ("xss", "q", "/search")]
    assert len({one["fingerprint"] for one in test["vulnerabilities"]}) == 3
    assert {Path(path).suffix for path in test["reports"]} == {".json", ".txt"}
    assert left_of(docker_engine, ended.result["run"]) == []


def test_an_existing_compose_file_serves_two_workflows_at_once_unchanged(
    examples: Fastflow, docker_engine: DockerEngine
) -> None:
    compose = EXAMPLES / "existing-compose/docker-compose.yml"
    ended = examples("up", "--emulate", "existing-compose")
    assert ended.code == 0, ended.err
    assert set(ended.states.values()) == {"passed"}
    assert (examples.directory / "existing-compose/docker-compose.yml").read_bytes() == compose.read_bytes()
    plan = examples("plan", "existing-compose")
    assert "left out of the application: fast " in plan.out
    starts = {phase["id"]: phase["started"] for phase in ended.result["phases"]}
    ends = {phase["id"]: phase["ended"] for phase in ended.result["phases"]}
    assert moment(starts["account.record"]) < moment(ends["shopping.record"])
    assert moment(starts["shopping.record"]) < moment(ends["account.record"])
    assert left_of(docker_engine, ended.result["run"]) == []


def moment(text: str) -> datetime:
    """A time of result.json."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_six_cells_of_a_matrix_run_at_once_on_one_token_each_with_its_own_values(
    examples: Fastflow, docker_engine: DockerEngine
) -> None:
    ended = examples("up", "--emulate", "matrix")
    assert ended.code == 0, ended.err
    cells = {f"shop-{suite}-{runtime}" for suite in ("Goods", "Account", "Api") for runtime in ("plain", "dev")}
    assert ended.states == {f"{cell}.{node}": "passed" for cell in cells for node in ("record", "test")}
    phases = {phase["id"]: phase for phase in ended.result["phases"]}
    assert len({phases[f"{cell}.record"]["test_record"] for cell in cells}) == 6
    for cell in cells:
        _, suite, _ = cell.split("-")
        assert phases[f"{cell}.record"]["test_record"] == phases[f"{cell}.test"]["test_record"]
        # The suite that the cell names is the one that Docker Compose ran.
        log = Path(examples.directory, phases[f"{cell}.record"]["log"])
        assert f"test_shop.{suite}." in log.with_name(f"{cell}.record.source.log").read_text()
    starts, ends = ([moment(phases[f"{cell}.record"][key]) for cell in cells] for key in ("started", "ended"))
    assert max(starts) < max(ends)
    assert "✓ shop.record" in ended.out
    assert "in 6 cells" in ended.out
    assert left_of(docker_engine, ended.result["run"]) == []


def test_the_seed_case_is_refused_before_anything_starts(examples: Fastflow, docker_engine: DockerEngine) -> None:
    spec = examples.directory / "fastflow.yml"
    lines = spec.read_text().splitlines()
    first, second = (at for at, line in enumerate(lines, start=1) if line.strip().startswith("build_id:"))
    lines[second - 1] = lines[second - 1].replace("2", "1")
    spec.write_text("\n".join(lines) + "\n")
    ended = examples("up", "--emulate")
    assert ended.code == 2
    assert f"fastflow.yml:{second}:15: error[build-id-collision]" in ended.err
    assert f"fastflow.yml:{first}:15: " in ended.err
    assert not (examples.directory / ".fastflow").exists()
    assert docker_engine.api.containers({"io.fastflow.spec": str(spec)}) == ()
