"""CircleCI: jobs on the machine executor, and a workflow with their order; results in the workspace."""

import textwrap
from collections.abc import Iterator

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region
from fastflow.jobs.shell import ENVIRONMENT, RESULTS, down, forget, install, report_of, runs_of, up, validate
from fastflow.jobs.systems import System, comments
from fastflow.jobs.variables import foreign_ids
from fastflow.spec.writer import scalar_text

_HEAD = """\
# `fastflow ci` keeps the marked parts in step with the spec. The rest of this file is yours.
version: 2.1
jobs:
"""
_WORKFLOWS = "workflows:\n  fast:\n    jobs:\n"
_PROGRAM = f"{ENVIRONMENT}/bin/fastflow"


def _pieces(pipeline: Pipeline) -> tuple[str | Region, ...]:
    jobs = "".join(f"{comments(job, pipeline)}{job.name}:\n{_job(job, pipeline)}" for job in pipeline.jobs)
    order = "".join(_place(job) for job in pipeline.jobs)
    if pipeline.tokens:
        order = f"# The project's environment, or a context, has {', '.join(pipeline.tokens)}.\n{order}"
    return _HEAD, Region("jobs", 2, jobs), _WORKFLOWS, Region("workflows", 6, order)


def _place(job: Job) -> str:
    if not job.needs:
        return f"- {job.name}\n"
    needs = "".join(f"      - {name}: [success, failed]\n" for name in job.needs)
    return f"- {job.name}:\n    # fastflow skips what depends on a phase that failed\n    requires:\n{needs}"


def _job(job: Job, pipeline: Pipeline) -> str:
    values = foreign_ids(pipeline.variables, ("CIRCLE_PIPELINE_NUMBER", "CIRCLE_BUILD_NUM"), "<< pipeline.number >>")
    environment = "environment:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items())
    text = f"machine: {{ image: {scalar_text(pipeline.runner, in_flow=True)} }}\n" + (environment if values else "")
    return textwrap.indent(f"{text}steps:\n" + textwrap.indent("".join(_steps(job, pipeline)), "  "), "  ")


def _steps(job: Job, pipeline: Pipeline) -> Iterator[str]:
    key = f'fastflow-pip-{{{{ checksum "{pipeline.file}" }}}}'
    yield "- checkout\n"
    if pipeline.uses_submodules:
        yield "- run: git submodule update --init\n"
    yield f"- restore_cache: {{ keys: ['{key}'] }}\n"
    for line in install(pipeline):
        yield f"- run: {scalar_text(line)}\n"
    yield f"- save_cache: {{ key: '{key}', paths: [~/.cache/pip] }}\n"
    yield f"- run: {scalar_text(validate(pipeline, _PROGRAM))}\n"
    if job.needs:
        yield "- attach_workspace: { at: . }\n"
    yield from _run(job, pipeline)
    yield f"- run:\n    command: {scalar_text(down(pipeline, _PROGRAM))}\n    when: always\n"
    yield f"- store_test_results: {{ path: {report_of(job.name, 'junit')} }}\n"
    for path in (scalar_text(runs_of(pipeline), in_flow=True), RESULTS):
        yield f"- store_artifacts: {{ path: {path} }}\n"


def _run(job: Job, pipeline: Pipeline) -> Iterator[str]:
    script = forget(job) + "\n" + up(pipeline, job, _PROGRAM, "json", "junit", "markdown", "html")
    if job.name in pipeline.awaited:  # a failed step would keep the result from the jobs that wait for it
        code = f"{RESULTS}/{job.name}.code"
        script = f"mkdir -p {RESULTS}\n{script} && code=0 || code=$?\necho $code > {code}"
    command = textwrap.indent(script, "      ")
    yield f"- run:\n    name: Run FAST\n    no_output_timeout: 1h\n    command: |\n{command}\n"
    if job.name in pipeline.awaited:
        yield f"- persist_to_workspace: {{ root: ., paths: [{report_of(job.name, 'json')}, {code}] }}\n"
        yield f"- run: exit $(cat {code})\n"


SYSTEM = System("circleci", ".circleci/config.yml", "ubuntu-2204:current", _pieces, (".circleci/**/*.y*ml",))
