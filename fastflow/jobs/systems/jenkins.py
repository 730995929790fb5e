"""Jenkins: stages of a declarative pipeline; jobs that wait for others are in a later stage."""

import textwrap
from collections.abc import Iterator

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region
from fastflow.jobs.shell import ENVIRONMENT, RESULTS, down, forget, install, report_of, runs_of, up, validate
from fastflow.jobs.systems import System, comments
from fastflow.jobs.variables import foreign_ids

_HEAD = """\
// `fastflow ci` keeps the marked part in step with the spec. The rest of this file is yours.
pipeline {
  agent none
  options { disableConcurrentBuilds(abortPrevious: true) }
  stages {
"""
_FOOT = "  }\n}\n"
_PROGRAM = f"{ENVIRONMENT}/bin/fastflow"


def _pieces(pipeline: Pipeline) -> tuple[str | Region, ...]:
    text = "".join(_wave(number, jobs, pipeline) for number, jobs in enumerate(pipeline.waves, start=1))
    return _HEAD, Region("stages", 4, text, "//"), _FOOT


def _wave(number: int, jobs: tuple[Job, ...], pipeline: Pipeline) -> str:
    if len(jobs) == 1:
        return _stage(jobs[0], pipeline)
    inner = "".join(_stage(job, pipeline) for job in jobs)
    return f"stage('FAST {number}') {{\n  parallel {{\n{textwrap.indent(inner, '    ')}  }}\n}}\n"


def _stage(job: Job, pipeline: Pipeline) -> str:
    body = f"agent {{ label {_quoted(pipeline.runner)} }}\n{_environment(pipeline)}steps {{\n"
    body += textwrap.indent("".join(_steps(job, pipeline)), "  ")
    body += "}\npost {\n  always {\n" + textwrap.indent("".join(_always(job, pipeline)), "    ") + "  }\n}\n"
    return f"{comments(job, pipeline, '//')}stage('{job.name}') {{\n{textwrap.indent(body, '  ')}}}\n"


def _environment(pipeline: Pipeline) -> str:
    values = foreign_ids(pipeline.variables, ("BUILD_ID", "BUILD_NUMBER"), '"${env.BUILD_NUMBER}"')
    listed = "".join(f"  {name} = {value}\n" for name, value in values.items())
    return f"environment {{\n{listed}}}\n" if values else ""


def _steps(job: Job, pipeline: Pipeline) -> Iterator[str]:
    submodules = ("git submodule update --init",) if pipeline.uses_submodules else ()
    for line in (*submodules, *install(pipeline), validate(pipeline, _PROGRAM), forget(job)):
        yield f"sh {_quoted(line)}\n"
    for name in job.needs:
        yield f"unstash '{name}'\n"
    run = f"sh {_quoted(up(pipeline, job, _PROGRAM, 'json', 'junit', 'markdown', 'html'))}\n"
    if pipeline.tokens:
        # Secret texts with these ids; Jenkins masks them in the console.
        secrets = ", ".join(f"string(credentialsId: '{_id(name)}', variable: '{name}')" for name in pipeline.tokens)
        run = f"withCredentials([{secrets}]) {{\n{textwrap.indent(run, '  ')}}}\n"
    if job.name in pipeline.awaited:
        run = (
            "// The next stage runs also after a failure: fastflow skips what depends on a phase that failed.\n"
            f"catchError(buildResult: 'FAILURE', stageResult: 'FAILURE') {{\n{textwrap.indent(run, '  ')}}}\n"
            f"stash name: '{job.name}', includes: '{report_of(job.name, 'json')}', allowEmpty: true\n"
        )
    yield run


def _always(job: Job, pipeline: Pipeline) -> Iterator[str]:
    yield f"junit testResults: '{report_of(job.name, 'junit')}', allowEmptyResults: true\n"
    paths = f"{runs_of(pipeline)}/**,{RESULTS}/{job.name}.*"
    yield f"archiveArtifacts artifacts: {_quoted(paths)}, allowEmptyArchive: true\n"
    yield f"sh {_quoted(down(pipeline, _PROGRAM))}\n"


def _id(name: str) -> str:
    """The credential id of a token, in the usual style of Jenkins."""
    return name.lower().replace("_", "-")


def _quoted(text: str) -> str:
    """A Groovy string without interpolation."""
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'''{inner}'''" if "\n" in inner else f"'{inner}'"


SYSTEM = System("jenkins", "Jenkinsfile", "docker", _pieces)
