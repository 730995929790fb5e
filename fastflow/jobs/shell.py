"""The shell lines of a job, which all CI systems share."""

import shlex

from fastflow.jobs import Job, Pipeline

RESULTS = "fastflow-reports"
"""The directory of a job's reports, in the repository's root."""
ENVIRONMENT = ".fastflow/venv"
"""The directory in which jobs install fastflow, on systems without their own step for Python."""
HOURS = 6
"""The time limit of jobs on CI systems with a shorter default: that of a phase by default."""
KINDS = {"json": "json", "junit": "xml", "sarif": "sarif", "markdown": "md", "html": "html"}
"""The kinds of reports that jobs write, with the suffixes of their files."""


def report_of(job: str, kind: str) -> str:
    """The path of a job's report."""
    return f"{RESULTS}/{job}.{KINDS[kind]}"


def runs_of(pipeline: Pipeline) -> str:
    """The directory of the runs, next to the spec."""
    folder, slash, _ = pipeline.spec.rpartition("/")
    return f"{folder}{slash}.fastflow/runs"


def install(pipeline: Pipeline) -> tuple[str, ...]:
    """Install fastflow into an environment in the workspace."""
    return (
        f"python3 -m venv {ENVIRONMENT}",
        f"{ENVIRONMENT}/bin/pip install --quiet {shlex.quote(pipeline.install)}",
    )


def validate(pipeline: Pipeline, program: str) -> str:
    """Check the spec in the way that is the same on every machine."""
    return f"{program} validate {shlex.quote(pipeline.spec)}"


def down(pipeline: Pipeline, program: str) -> str:
    """Remove what a killed run left."""
    return f"{program} down {shlex.quote(pipeline.spec)}"


def forget(job: Job) -> str:
    """Remove what this job wrote before, in workspaces that are kept."""
    return f"rm -f {RESULTS}/{job.name}.*"


def up(pipeline: Pipeline, job: Job, program: str, *kinds: str) -> str:
    """Run the phases of a job, after those of the jobs that it needs; over several lines."""
    options = [f"-w {name}" for name in job.workflows]
    options += [f"--only {job.only}"] if job.only else []
    options += [f"--after {report_of(name, 'json')}" for name in job.needs]
    options += [f"--report {kind}={report_of(job.name, kind)}" for kind in kinds]
    return " \\\n  ".join([f"{program} up {shlex.quote(pipeline.spec)}", *options])
