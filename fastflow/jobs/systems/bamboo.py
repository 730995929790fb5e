"""Bamboo: jobs of one stage. A failed job ends the build before its next stage, so jobs do not wait for others."""

import textwrap
from collections.abc import Iterator

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region
from fastflow.jobs.shell import ENVIRONMENT, RESULTS, down, forget, install, report_of, runs_of, up, validate
from fastflow.jobs.splitting import plain
from fastflow.jobs.systems import System, comments
from fastflow.jobs.variables import foreign_ids
from fastflow.spec.writer import scalar_text

_HEAD = """\
# `fastflow ci` keeps the marked parts in step with the spec. The rest of this file is yours.
version: 2
plan:
  project-key: FAST
  key: FAST
  name: Security tests
stages:
  - Security tests:
      jobs:
"""
_PROGRAM = f"{ENVIRONMENT}/bin/fastflow"


def _pieces(pipeline: Pipeline) -> tuple[str | Region, ...]:
    names = "".join(f"- {job.name}\n" for job in pipeline.jobs)
    jobs = "".join(comments(job, pipeline) + _job(job, pipeline) for job in pipeline.jobs)
    return _HEAD, Region("stages", 8, names), Region("jobs", 0, jobs)


def _job(job: Job, pipeline: Pipeline) -> str:
    key = plain(job.name).upper().replace("_", "")
    text = f"key: {key}\nrequirements: [{scalar_text(pipeline.runner, in_flow=True)}]\ntasks:\n"
    text += textwrap.indent("".join(_tasks(job, pipeline)), "  ") + "final-tasks:\n"
    text += f"  - script: [{scalar_text(down(pipeline, _PROGRAM), in_flow=True)}]\n"
    text += f"  - test-parser: {{ type: junit, test-results: [{report_of(job.name, 'junit')}] }}\n"
    text += f"artifacts:\n  - {{ name: runs, location: {scalar_text(runs_of(pipeline))}, pattern: '**/*' }}\n"
    text += f"  - {{ name: reports, location: {RESULTS}, pattern: '{job.name}.*' }}\n"
    return f"{job.name}:\n{textwrap.indent(text, '  ')}"


def _tasks(job: Job, pipeline: Pipeline) -> Iterator[str]:
    """One script, because exported variables apply only to the script itself."""
    values = {name: f"$bamboo_{name}" for name in pipeline.variables if not name.startswith("bamboo_")}
    values |= foreign_ids(pipeline.variables, ("bamboo_buildNumber",), "$bamboo_buildNumber")
    values |= {name: f"$bamboo_{name}_secret" for name in pipeline.tokens}
    exports = [f'export {name}="{value}"' for name, value in values.items()]
    submodules = ["git submodule update --init"] if pipeline.uses_submodules else []
    run = up(pipeline, job, _PROGRAM, "json", "junit", "markdown", "html")
    lines = ["set -e", *submodules, *install(pipeline), validate(pipeline, _PROGRAM), forget(job), *exports, run]
    if pipeline.tokens:
        names = ", ".join(f"{name}_secret" for name in pipeline.tokens)
        yield f"# Bamboo masks variables of the plan with `secret` in their names: {names}.\n"
    yield "- checkout\n"
    yield "- script:\n    - |\n" + textwrap.indent("\n".join(lines), "      ") + "\n"


SYSTEM = System("bamboo", "bamboo-specs/bamboo.yaml", "system.docker.executable", _pieces, hands_on=False)
