"""Two runs in their folders, made for comparisons of them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastflow.record.archive import Archive, read_archive
from fastflow.record.digest import ResumeDigest
from fastflow.record.result import PhaseResult, RunResult

from ..drawings import plan_json, told
from ..html.archives import time
from ..run_archives import write_run

OLD, NEW = "261124090000older", "261124100000newer"
SPEC = """\
name: shop
workflows:
  web:
    build_id: web1
    compose: docker-compose.yml
    nodes:
      record: { mode: recording }
      test: { mode: testing, test_run_policy_id: 215 }
"""


def digest_of(run: str, **facts: Any) -> ResumeDigest:
    """What a run rests on, with what differs from the usual."""
    usual: dict[str, Any] = {
        "is_emulated": False,
        "variables": {"FASTFLOW_RUN_ID": run, "FASTFLOW_CI_ID": "gh1234567"},
        "build_ids": {},
        "tokens": "t0",
        "fields": {},
        "files": {"docker-compose.yml": "c0"},
    }
    return ResumeDigest(run=run, **{**usual, **facts})


def run_of(
    directory: Path,
    run: str,
    *phases: PhaseResult,
    digest: ResumeDigest | None = None,
    resolved: str = SPEC,
    logs: Mapping[str, str] | None = None,
    **plan: Any,
) -> Archive:
    """A run that has ended, in its folder; `plan` is what its plan.json has besides."""
    made = plan_json(told("web.record", 0, mode="recording"), told("web.test", 1))
    made |= {"run": run, "spec": "fastflow.yml", "fastflow": "0.1.0", "resolved": resolved, **plan}
    folder = write_run(
        directory,
        RunResult(run, "/w/fastflow.yml", 0, time(0), time(60), phases),
        plan=made,
        logs=logs,
        run=run,
    )
    (folder / "resume.json").write_text(json.dumps(asdict(digest or digest_of(run))))
    return read_archive(folder)
