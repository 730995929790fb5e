"""How long phases took in earlier runs: which runs count, which of their phases, and how often."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fastflow.record.result import PhaseResult, RunResult
from fastflow.record.times import PhaseTimes, SpecTimes, read_times
from tests.unit.report.diff.pairs import digest_of
from tests.unit.report.html.archives import phase, time
from tests.unit.report.run_archives import write_run


def took(seconds: float, state: str = "passed", name: str = "web.test") -> PhaseResult:
    return phase(name, state, started=time(10), ended=time(10 + seconds))  # type: ignore[arg-type]


def run(
    directory: Path, number: int, *phases: PhaseResult, spec: str = "/w/fastflow.yml", emulated: bool = False
) -> Path:
    name = f"2611240900{number:02}abcde"
    folder = write_run(directory, RunResult(name, spec, 0, time(0), time(60), phases), run=name)
    (folder / "resume.json").write_text(json.dumps(asdict(digest_of(name, is_emulated=emulated))))
    return folder


def seconds(directory: Path) -> dict[str, tuple[float, ...]]:
    return {name: times.seconds for name, times in read_times(directory, "fastflow.yml").phases.items()}


def test_without_runs_there_are_no_times(tmp_path: Path) -> None:
    assert read_times(tmp_path, "fastflow.yml") == SpecTimes({}, 0)


def test_what_passed_counts_the_latest_first(tmp_path: Path) -> None:
    run(tmp_path, 1, took(1))
    run(tmp_path, 2, took(2, "failed"), took(5, name="web.record"))
    run(tmp_path, 3, took(3), took(4, "skipped", name="web.record"))
    assert seconds(tmp_path) == {"web.test": (3.0, 1.0), "web.record": (5.0,)}


def test_what_never_passed_counts_as_it_found_vulnerabilities(tmp_path: Path) -> None:
    run(tmp_path, 1, took(1, "vulnerable"), took(7, "vulnerable", name="web.other"))
    run(tmp_path, 2, took(2, "vulnerable"), took(8, name="web.other"))
    assert read_times(tmp_path, "fastflow.yml").phases == {
        "web.test": PhaseTimes((2.0, 1.0), "vulnerable"),
        "web.other": PhaseTimes((8.0,)),
    }


def test_only_runs_of_the_spec_count_wherever_they_ran(tmp_path: Path) -> None:
    run(tmp_path, 1, took(1), spec="/ci/build/7/fastflow.yml")
    run(tmp_path, 2, took(2), spec="/w/other.fastflow.yml")
    assert read_times(tmp_path, "fastflow.yml") == SpecTimes({"web.test": PhaseTimes((1.0,))}, 1)


def test_runs_with_the_emulator_count_only_if_there_are_no_others(tmp_path: Path) -> None:
    run(tmp_path, 1, took(1), emulated=True)
    assert read_times(tmp_path, "fastflow.yml") == SpecTimes({"web.test": PhaseTimes((1.0,))}, 1, is_emulated=True)
    run(tmp_path, 2, took(9, "failed"))
    assert read_times(tmp_path, "fastflow.yml").is_emulated
    run(tmp_path, 3, took(3))
    assert read_times(tmp_path, "fastflow.yml") == SpecTimes({"web.test": PhaseTimes((3.0,))}, 2)


def test_what_a_resumed_run_kept_counts_once(tmp_path: Path) -> None:
    run(tmp_path, 1, took(1))
    run(tmp_path, 2, took(1))
    assert seconds(tmp_path) == {"web.test": (1.0,)}


def test_the_last_20_passes_in_the_last_100_runs_count(tmp_path: Path) -> None:
    for number in range(25):
        run(tmp_path, number, took(number))
    assert seconds(tmp_path)["web.test"] == tuple(float(number) for number in range(24, 4, -1))
    for number in range(25, 25 + 100):
        (tmp_path / ".fastflow" / "runs" / f"27{number}").mkdir()
    assert seconds(tmp_path) == {}


@pytest.mark.parametrize(
    "times", [{"started": None}, {"ended": None}, {"ended": "soon"}, {"ended": "2026-11-24T09:00"}]
)
def test_a_phase_without_times_does_not_count(tmp_path: Path, times: dict[str, str | None]) -> None:
    run(tmp_path, 1, replace(took(1), **times))  # type: ignore[arg-type]
    assert seconds(tmp_path) == {}


def test_a_run_that_was_killed_counts_as_far_as_it_came(tmp_path: Path) -> None:
    folder = run(tmp_path, 1)
    (folder / "result.json").unlink()
    changes = [
        {"time": time(at), "type": "phase", "phase": "web.test", "state": state, "reason": None, "mode": "testing"}
        for at, state in ((1, "starting"), (5, "passed"))
    ]
    begun = {"time": time(0), "type": "run", "state": "started", "spec": "/w/fastflow.yml", "phases": ["web.test"]}
    (folder / "events.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (begun, *changes)))
    assert seconds(tmp_path) == {"web.test": (4.0,)}


def test_the_middle_and_both_ends_are_told() -> None:
    times = PhaseTimes((5.0, 1.0, 30.0, 2.0))
    assert (times.median, times.spread) == (3.5, (1.0, 30.0))
