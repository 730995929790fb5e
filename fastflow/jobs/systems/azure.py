"""Azure Pipelines: jobs with their conditions, test results and a summary on the run's page, results as artifacts."""

import shlex
import textwrap
from collections.abc import Iterator

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region
from fastflow.jobs.shell import HOURS, RESULTS, down, forget, report_of, runs_of, up, validate
from fastflow.jobs.splitting import plain
from fastflow.jobs.systems import System, comments
from fastflow.jobs.variables import foreign_ids
from fastflow.spec.writer import scalar_text

_HEAD = """\
# `fastflow ci` keeps the marked part in step with the spec. The rest of this file is yours.
trigger: { batch: "true", branches: { include: [main] } }
jobs:
"""


def _pieces(pipeline: Pipeline) -> tuple[str | Region, ...]:
    text = "".join(comments(job, pipeline) + _job(job, pipeline) for job in pipeline.jobs)
    return _HEAD, Region("jobs", 2, text)


def _job(job: Job, pipeline: Pipeline) -> str:
    text = (
        f"- job: {plain(job.name)}\n  displayName: {job.name}\n  pool: {{ vmImage: {scalar_text(pipeline.runner)} }}\n"
    )
    text += f'  timeoutInMinutes: "{HOURS * 60}"\n'
    if job.needs:
        text += f"  dependsOn: [{', '.join(map(plain, job.needs))}]\n"
        text += "  condition: not(canceled())    # fastflow skips what depends on a phase that failed\n"
    return text + "  steps:\n" + textwrap.indent("".join(_steps(job, pipeline)), "    ")


def _steps(job: Job, pipeline: Pipeline) -> Iterator[str]:
    yield "- checkout: self\n" + ('  submodules: "true"\n' if pipeline.uses_submodules else "")
    yield '- task: UsePythonVersion@0\n  inputs: { versionSpec: "3.12" }\n'
    yield (
        "- task: Cache@2\n  inputs:\n"
        f'    key: \'"fastflow-pip" | "$(Agent.OS)" | {pipeline.file}\'\n    path: $(Pipeline.Workspace)/.pip\n'
    )
    yield f"- script: pip install --cache-dir $(Pipeline.Workspace)/.pip {shlex.quote(pipeline.install)}\n"
    yield f"- script: {scalar_text(validate(pipeline, 'fastflow'))}\n"
    for name in job.needs:  # a rerun job has left a result for each attempt; the last one counts
        yield (
            "- task: DownloadPipelineArtifact@2\n  inputs:\n"
            f"    itemPattern: {name}-result-*/**\n    targetPath: $(System.DefaultWorkingDirectory)/{RESULTS}\n"
        )
    latest = "".join(
        f"for one in {RESULTS}/{name}-result-*/{name}.json; do cp $one {RESULTS}/; done\n" for name in job.needs
    )
    script = latest + forget(job) + "\n" + up(pipeline, job, "fastflow", "json", "junit", "markdown", "html")
    yield "- script: |\n" + textwrap.indent(script, "    ") + "\n" + _environment(pipeline)
    yield from _always(job, pipeline)


def _always(job: Job, pipeline: Pipeline) -> Iterator[str]:
    summary = report_of(job.name, "markdown")
    yield (
        "- script: |\n"
        f"    {down(pipeline, 'fastflow')}\n"
        f'    test ! -f {summary} || echo "##vso[task.uploadsummary]$PWD/{summary}"\n'
        "  condition: always()\n"
    )
    yield (
        "- task: PublishTestResults@2\n  condition: always()\n"
        f"  inputs: {{ testResultsFormat: JUnit, testResultsFiles: {report_of(job.name, 'junit')} }}\n"
    )
    if job.name in pipeline.awaited:
        yield _artifact(f"{job.name}-result", report_of(job.name, "json"))
    yield _artifact(job.name, RESULTS)
    yield _artifact(f"{job.name}-runs", runs_of(pipeline))


def _artifact(name: str, path: str) -> str:
    """Names of artifacts must be unique in a run, even if a job is rerun."""
    return f"- publish: {scalar_text(path)}\n  artifact: {name}-$(System.JobAttempt)\n  condition: always()\n"


def _environment(pipeline: Pipeline) -> str:
    values = foreign_ids(pipeline.variables, ("BUILD_BUILDID",), "$(Build.BuildId)")
    values |= {name: f"$({name})" for name in pipeline.tokens}
    return "  env:\n" + "".join(f"    {name}: {value}\n" for name, value in values.items()) if values else ""


SYSTEM = System("azure", "azure-pipelines.yml", "ubuntu-latest", _pieces, (".azure*/**/*.y*ml",))
