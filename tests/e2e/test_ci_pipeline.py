"""A pipeline that `fastflow ci` wrote, run by gitlab-ci-local: which jobs wait, and what they hand on."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from .nodes import FOUND, attacks, records, spec_of
from .runs import BINARY, TIMEOUT, Fastflow

pytestmark = pytest.mark.e2e
TOOL = Path(__file__).parents[2] / ".state/gitlab/node_modules/.bin/gitlab-ci-local"
# What a runner would install from a package index is the fastflow that is under test.
# All jobs share the directory, so that nothing there may be written while another job runs it.
VENV = f"""#!/bin/sh
mkdir -p "$3/bin" && ln -sf {BINARY} "$3/bin/fastflow" && ln -sf /bin/true "$3/bin/pip"
"""


@dataclass(frozen=True)
class Pipeline:
    """What became of a pipeline: its exit code, what it printed, and the phases of each job."""

    code: int
    out: str
    reports: Path

    def phases(self, job: str) -> dict[str, tuple[str, str | None]]:
        report = self.reports / f"{job}.json"
        assert report.is_file(), self.out
        told = json.loads(report.read_text())
        return {phase["id"]: (phase["state"], phase["test_record"]) for phase in told["phases"]}


def run_pipeline(fastflow: Fastflow) -> Pipeline:
    """Run all jobs of the directory's pipeline; their artifacts stay in the directory."""
    if not TOOL.is_file():
        pytest.fail("gitlab-ci-local is missing; get it with `make gitlab`")
    tools = fastflow.directory.parent / f"{fastflow.directory.name}-tools"
    tools.mkdir()
    (tools / "python3").write_text(VENV)
    (tools / "python3").chmod(0o755)
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=fastflow.directory, check=True)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [TOOL],
        cwd=fastflow.directory,
        env={**fastflow.environment, "PATH": path, "SHLVL": "2"},  # a first bash takes its PATH from ~/.bashrc
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    shutil.rmtree(tools)
    return Pipeline(done.returncode, done.stdout + done.stderr, fastflow.directory / "fastflow-reports")


def test_jobs_hand_on_records_and_ends(fastflow: Fastflow, build_id: str) -> None:
    web = {"record": records(), "test": attacks(FOUND, 1)}
    passed = "{ web.test: { condition: passed } }"
    fastflow.write(
        spec_of(
            {
                "web": web,
                "policy": {"test": attacks(test_record="web.record", build_id=f"{build_id}p")},
                "api": {"record": records(depends_on="[web.test]"), "test": attacks()},
                "strict": {"record": records(depends_on=passed), "test": attacks()},
            },
            build_id,
        )
    )
    assert fastflow("ci", "gitlab").code == 0
    pipeline = run_pipeline(fastflow)
    assert pipeline.code != 0, "a vulnerability fails the pipeline"
    record = f"rec_{build_id}web"
    assert pipeline.phases("fast-web-recording") == {"web.record": ("passed", record)}, pipeline.out
    assert pipeline.phases("fast-web-testing") == {"web.test": ("vulnerable", record)}
    assert pipeline.phases("fast-policy") == {"policy.test": ("passed", record)}, "by the record's id, from another job"
    assert pipeline.phases("fast-api") == {
        "api.record": ("passed", f"rec_{build_id}api"),
        "api.test": ("passed", f"rec_{build_id}api"),
    }
    assert pipeline.phases("fast-strict") == {"strict.record": ("skipped", None), "strict.test": ("skipped", None)}
