"""GitHub Actions: a workflow file with a job for each job, results as artifacts, alerts of code scanning."""

import shlex
import textwrap
from collections.abc import Iterator

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region
from fastflow.jobs.shell import KINDS, RESULTS, down, forget, report_of, runs_of, up, validate
from fastflow.jobs.systems import System, comments
from fastflow.jobs.variables import foreign_ids
from fastflow.spec.writer import scalar_text

_HEAD = """\
# `fastflow ci` keeps the marked part in step with the spec. The rest of this file is yours.
name: fast
on: [push]
permissions: { contents: read }
concurrency:
  group: ${{ github.workflow }}-${{ github.ref }}
  cancel-in-progress: true
jobs:
"""
_OWN = ("GITHUB_", "RUNNER_")


def _pieces(pipeline: Pipeline) -> tuple[str | Region, ...]:
    text = "".join(f"{comments(job, pipeline)}{job.name}:\n{_job(job, pipeline)}" for job in pipeline.jobs)
    return _HEAD, Region("jobs", 2, text)


def _job(job: Job, pipeline: Pipeline) -> str:
    lines = [f"runs-on: {scalar_text(pipeline.runner)}"]
    if job.needs:
        lines += [
            f"needs: [{', '.join(job.needs)}]",
            "if: ${{ !cancelled() }}    # fastflow skips what depends on a phase that failed",
        ]
    lines += ["permissions: { contents: read, security-events: write }", "steps:"]
    steps = "".join(_steps(job, pipeline))
    return textwrap.indent("\n".join(lines) + "\n" + textwrap.indent(steps, "  "), "  ")


def _steps(job: Job, pipeline: Pipeline) -> Iterator[str]:
    yield "- uses: actions/checkout@v4\n" + ("  with: { submodules: true }\n" if pipeline.uses_submodules else "")
    yield (
        "- uses: actions/setup-python@v5\n"
        f'  with: {{ python-version: "3.12", cache: pip, cache-dependency-path: {scalar_text(pipeline.file)} }}\n'
    )
    yield _run(f"pip install {shlex.quote(pipeline.install)}")
    yield _run(validate(pipeline, "fastflow"))
    for name in job.needs:
        yield f"- uses: actions/download-artifact@v4\n  with: {{ name: {name}-result, path: {RESULTS} }}\n"
    yield _run(forget(job) + "\n" + up(pipeline, job, "fastflow", *KINDS)) + _environment(pipeline)
    yield "- if: always()\n  run: " + scalar_text(down(pipeline, "fastflow")) + "\n"
    sarif = report_of(job.name, "sarif")
    yield (
        "- uses: github/codeql-action/upload-sarif@v4\n"
        f"  if: ${{{{ !cancelled() && hashFiles('{sarif}') != '' }}}}\n"
        "  continue-on-error: true    # private repositories may have no code scanning\n"
        f"  with: {{ sarif_file: {sarif}, category: {job.name} }}\n"
    )
    if job.name in pipeline.awaited:
        yield _artifact(f"{job.name}-result", [report_of(job.name, "json")])
    yield _artifact(job.name, [runs_of(pipeline), f"{RESULTS}/{job.name}.*"])


def _artifact(name: str, paths: list[str]) -> str:
    listed = "".join(f"      {path}\n" for path in paths)
    return (
        "- uses: actions/upload-artifact@v4\n"
        "  if: always()\n"
        "  with:\n"
        f"    name: {name}\n"
        "    overwrite: true    # when the job is run again\n"
        "    include-hidden-files: true    # .fastflow begins with a dot\n"
        "    if-no-files-found: ignore\n"
        f"    path: |\n{listed}"
    )


def _environment(pipeline: Pipeline) -> str:
    names = [name for name in pipeline.variables if not name.startswith(_OWN) and name != "CI"]
    values = {name: f"${{{{ vars.{name} }}}}" for name in names}
    values |= foreign_ids(pipeline.variables, ("GITHUB_RUN_ID", "GITHUB_RUN_NUMBER"), "${{ github.run_id }}")
    values |= {name: f"${{{{ secrets.{name} }}}}" for name in pipeline.tokens}
    return "  env:\n" + "".join(f"    {name}: {value}\n" for name, value in values.items()) if values else ""


def _run(script: str) -> str:
    if "\n" in script:
        return "- run: |\n" + textwrap.indent(script, "    ") + "\n"
    return f"- run: {scalar_text(script)}\n"


SYSTEM = System("github", ".github/workflows/fast.yml", "ubuntu-latest", _pieces, (".github/workflows/*.y*ml",))
