"""`fastflow plan --times`: minutes of phases and of the run, from the runs beside the spec; nothing without it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.record.result import RunResult
from tests.unit.report.html.archives import phase, time
from tests.unit.report.run_archives import write_run

SPEC = """
max_parallel: 2
workflows:
  web:
    build_id: 1
    nodes:
      record: { mode: recording, allowed_hosts: [app.example], source: { run: "true" } }
      test: { mode: testing }
  api:
    build_id: 2
    nodes:
      test: { mode: testing, test_record_id: 7, test_run_uri: http://app.example }
"""


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of the spec here."""
    monkeypatch.chdir(tmp_path)
    Path("fastflow.yml").write_text(SPEC)
    for number, seconds in enumerate((60, 90)):
        record = phase("web.record", mode="recording", started=time(0), ended=time(seconds))
        test = phase("web.test", started=time(seconds), ended=time(seconds + 600))
        run = f"26112409000{number}abcde"
        write_run(tmp_path, RunResult(run, "/ci/fastflow.yml", 0, time(0), time(700), (record, test)), run=run)


def test_the_text_has_minutes_below_each_phase_and_for_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["plan"]) == 0
    plain = capfd.readouterr().out
    assert guarded(cli, ["plan", "--times"]) == 0
    timed = capfd.readouterr().out
    assert [line for line in timed.splitlines() if line not in plain.splitlines()] == [
        "    takes 1 min 15 s (1 min to 1 min 30 s; passed 2 times)",
        "    takes 10 min (10 min to 10 min; passed 2 times)",
        "    takes 10 min, as for other phases (it never passed)",
        "minutes: medians of 2 runs, without pulls and builds",
        "  longest chain: web.record (1 min 15 s) → web.test (10 min): 11 min 15 s",
        "  --max-parallel 1  21 min 15 s",
        "  --max-parallel 2  11 min 15 s  (the spec's, the smallest within 5 % of no limit)",
        "  no limit          11 min 15 s",
    ]


def test_the_json_has_added_fields(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["plan", "--format", "json"]) == 0
    plain = json.loads(capfd.readouterr().out)
    assert guarded(cli, ["plan", "--times", "--format", "json"]) == 0
    timed = json.loads(capfd.readouterr().out)
    assert timed.pop("times") == {
        "runs": 2,
        "emulated": False,
        "last_passes": 20,
        "last_runs": 100,
        "critical_path": {"phases": ["web.record", "web.test"], "seconds": 675.0},
        "limits": [{"max_parallel": 1, "seconds": 1275.0}, {"max_parallel": 2, "seconds": 675.0}],
        "unlimited": 675.0,
        "enough": 2,
    }
    assert [one.pop("times") for one in timed["phases"]] == [
        {"times": 2, "state": "passed", "median": 75.0, "shortest": 60.0, "longest": 90.0, "counted_as": 75.0},
        {"times": 2, "state": "passed", "median": 600.0, "shortest": 600.0, "longest": 600.0, "counted_as": 600.0},
        {"times": 0, "state": None, "median": None, "shortest": None, "longest": None, "counted_as": 600.0},
    ]
    assert timed == plain


def test_a_phase_that_is_left_out_takes_no_time(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["plan", "--times", "--only", "testing", "--format", "json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["times"]["unlimited"], told["phases"][0]["times"]["counted_as"]) == (600.0, None)


def test_where_nothing_ever_passed_the_plan_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["plan"]) == 0
    plain = capfd.readouterr().out
    assert guarded(cli, ["plan", "-w", "api", "--times"]) == 0
    assert "no times are known, because no run in .fastflow/runs passed a phase" in capfd.readouterr().err
    Path("other.fastflow.yml").write_text(SPEC)
    assert guarded(cli, ["plan", "--times", "other.fastflow.yml"]) == 0
    assert capfd.readouterr().out == plain


def test_a_plan_without_times_loads_nothing_for_them() -> None:
    program = (
        "import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv = ['fastflow', 'plan']\nfrom fastflow.cli.main import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{Path.cwd().name}: 2 workflows"), done
    assert {"fastflow.run", "fastflow.record.times", "statistics"} & set(done.stderr.split()) == set()
