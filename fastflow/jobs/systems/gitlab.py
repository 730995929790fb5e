"""GitLab CI: jobs of one stage, JUnit in merge requests, and results passed on as artifacts."""

import textwrap
from collections.abc import Iterator

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region
from fastflow.jobs.shell import ENVIRONMENT, HOURS, RESULTS, down, forget, install, report_of, runs_of, up, validate
from fastflow.jobs.systems import System, comments
from fastflow.jobs.variables import foreign_ids
from fastflow.spec.writer import scalar_text

_HEAD = """\
# `fastflow ci` keeps the marked part in step with the spec. The rest of this file is yours.
"""
_PROGRAM = f"{ENVIRONMENT}/bin/fastflow"
_BASE = ".fastflow"


def _pieces(pipeline: Pipeline) -> tuple[str | Region, ...]:
    text = "\n".join((_base(pipeline), *(_job(job, pipeline) for job in pipeline.jobs)))
    return _HEAD, Region("jobs", 0, text)


def _base(pipeline: Pipeline) -> str:
    """The common part of all jobs. The token is a masked project variable, which jobs have in their environment."""
    tags = f"  tags: [{scalar_text(pipeline.runner, in_flow=True)}]\n" if pipeline.runner else ""
    values = {"PIP_CACHE_DIR": "$CI_PROJECT_DIR/.cache/pip"}
    values |= {"GIT_SUBMODULE_STRATEGY": "recursive"} if pipeline.uses_submodules else {}
    values |= foreign_ids(pipeline.variables, ("CI_PIPELINE_ID", "CI_PIPELINE_IID"), "$CI_PIPELINE_ID")
    before = "".join(_script((*install(pipeline), validate(pipeline, _PROGRAM))))
    secrets = f"# The jobs need masked CI/CD variables: {', '.join(pipeline.tokens)}.\n" if pipeline.tokens else ""
    return (
        f"{secrets}{_BASE}:\n  stage: test\n  interruptible: true\n  timeout: {HOURS}h\n{tags}  variables:\n"
        + "".join(f"    {name}: {scalar_text(value)}\n" for name, value in values.items())
        + "  cache: { key: fastflow-pip, paths: [.cache/pip] }\n"
        + f"  before_script:\n{before}  after_script:\n{''.join(_script([down(pipeline, _PROGRAM)]))}"
    )


def _job(job: Job, pipeline: Pipeline) -> str:
    lines = [f"extends: {_BASE}"]
    if job.needs:
        lines += ["when: always    # fastflow skips what depends on a phase that failed", "needs:"]
        lines += [f"  - {{ job: {name}, artifacts: true }}" for name in job.needs]
    script = "".join(_script((forget(job), up(pipeline, job, _PROGRAM, "json", "junit", "markdown", "html"))))
    lines += ["script:", *textwrap.indent(textwrap.dedent(script), "  ").splitlines()]
    lines += ["artifacts:", "  when: always", "  paths:"]
    lines += [f"    - {path}" for path in (scalar_text(runs_of(pipeline)), f"{RESULTS}/{job.name}.*")]
    lines += ["  reports:", f"    junit: {report_of(job.name, 'junit')}"]
    return f"{comments(job, pipeline)}{job.name}:\n" + textwrap.indent("\n".join(lines), "  ") + "\n"


def _script(lines: tuple[str, ...] | list[str]) -> Iterator[str]:
    for line in lines:
        text = "|\n" + textwrap.indent(line, "      ") if "\n" in line else scalar_text(line)
        yield f"    - {text}\n"


SYSTEM = System("gitlab", ".gitlab-ci.yml", "", _pieces, (".gitlab/**/*.y*ml",))
