"""`fastflow up`."""

from dataclasses import dataclass

import click

from fastflow.app.environment import prepare_calls
from fastflow.app.reports import Report, parse_reports, write_reports
from fastflow.app.request import RunRequest, request_of
from fastflow.app.run_id_file import RunIdFile
from fastflow.app.specs import read_spec_text
from fastflow.cli import completing
from fastflow.cli.findings import show_findings
from fastflow.cli.options import (
    SPEC_HELP,
    all_option,
    env_file_option,
    read_duration,
    runs_dir_option,
    selection_options,
    spec_argument,
    with_examples,
)
from fastflow.errors import ExitCode
from fastflow.plan.making import Selection
from fastflow.record.place import RunsDir
from fastflow.report.kinds import KINDS
from fastflow.report.plan import plan_as_text
from fastflow.report.progress import KINDS as PROGRESS_KINDS

_RUN_ID_HELP = "Write the run's id into F as soon as there is one. Scripts can pass it to other commands with --run."
_RESUME_HELP = "Rerun the phases of RUN that did not pass or run, and their dependents. RUN is an id or a run's folder."
_PARALLEL_HELP = "The maximum number of phases at once. Default: the spec's max_parallel, or no limit."
_PROGRESS_HELP = (
    "The output on stderr: a live table (tty), a line for each event (plain, json), or nothing if all passed (quiet). "
    "auto is tty on terminals and plain elsewhere."
)
_REPORT_HELP = f"Write a report ({', '.join(KINDS)}) to PATH, even if the run was cut short; may be repeated."
_AFTER_HELP = (
    "Follow another run: phases that are left out take their results from this JSON report instead of counting as "
    "passed, and tests get its records. Needs -w or --only; may be repeated."
)
_WAIT_HELP = "If another run uses a BUILD_ID, wait for it up to this long (90s, 15m), in line with other runs."
_HELP = """\
Run a spec through Docker Compose, each phase as soon as its dependencies allow.

\b
Exit codes, the first that applies:
  2    wrong usage or an invalid spec; nothing was started
  4    a BUILD_ID, or an alias on a shared network, is in use by another run; nothing was started
  130  interrupted by SIGINT (143 by SIGTERM, 129 by SIGHUP)
  1    a testing phase found vulnerabilities
  3    a phase failed for another reason, or the engine did
  0    all passed
"""
_EPILOG = with_examples(
    SPEC_HELP,
    ("fastflow up --emulate", "without an account"),
    ("fastflow up -w web --report html=run.html", "one workflow, with an HTML report"),
    ("fastflow up --resume 261124040154hpo3f", "the phases that did not pass in that run"),
)


@click.command(name="up", help=_HELP, epilog=_EPILOG)
@spec_argument()
@selection_options
@click.option("--dry-run", is_flag=True, help="Run all checks and show the plan; start nothing.")
@click.option("--emulate", is_flag=True, help="Use the emulator for the cloud and the nodes; needs no account.")
@click.option("--keep", is_flag=True, help="Keep containers and networks; `fastflow down` removes them.")
@click.option("--resume", metavar="RUN", shell_complete=completing.runs, help=_RESUME_HELP)
@click.option("--after", "followed", multiple=True, metavar="REPORT", type=click.Path(), help=_AFTER_HELP)
@click.option("--max-parallel", type=click.IntRange(min=1), metavar="N", help=_PARALLEL_HELP)
@click.option("--fail-fast", is_flag=True, help="Stop everything when a phase fails or finds vulnerabilities.")
@click.option("--progress", type=click.Choice(PROGRESS_KINDS), default="auto", show_default=True, help=_PROGRESS_HELP)
@click.option(
    "--report", "reports", multiple=True, metavar="KIND=PATH", shell_complete=completing.reports, help=_REPORT_HELP
)
@click.option("--wait-lease", callback=read_duration, metavar="DURATION", help=_WAIT_HELP)
@all_option
@click.option("--run-id-file", "run_id_file", metavar="F", type=click.Path(), help=_RUN_ID_HELP)
@env_file_option
@runs_dir_option
def command(
    *,
    spec: str | None,
    workflows: tuple[str, ...],
    only: str | None,
    dry_run: bool,
    emulate: bool,
    keep: bool,
    resume: str | None,
    followed: tuple[str, ...],
    max_parallel: int | None,
    fail_fast: bool,
    progress: str,
    reports: tuple[str, ...],
    wait_lease: int | None,
    unfolds: bool,
    run_id_file: str | None,
    env_files: tuple[str, ...],
    runs_dir: RunsDir,
) -> int:
    """Run a spec."""
    how = _How(progress, parse_reports(reports), keep=keep, unfolds=unfolds, fail_fast=fail_fast, wait_lease=wait_lease)
    id_file = None if dry_run else _prepare(run_id_file)
    choice, text = _selection(workflows, only, followed, resume), read_spec_text(spec)
    request = request_of(text, env_files, choice, max_parallel, emulate=emulate, resume=resume, runs_dir=runs_dir)
    _show_warnings(request, progress)
    if dry_run:
        click.echo(plan_as_text(request.plan, unfolds=unfolds))
        return ExitCode.PASSED
    return _run(request, how, id_file)


def _prepare(run_id_file: str | None) -> RunIdFile | None:
    """Begin what takes its time while the spec is read, and empty the file for the run's id."""
    prepare_calls()
    return RunIdFile.named(run_id_file)


def _selection(
    workflows: tuple[str, ...], only: str | None, followed: tuple[str, ...], resume: str | None
) -> Selection:
    """The requested phases, and the outcomes of the others in other runs."""
    choice = Selection(workflows, only)
    if not followed:
        return choice
    from fastflow.app.following import following  # noqa: PLC0415  # most runs follow none

    return following(choice, followed, resume)


def _show_warnings(request: RunRequest, progress: str) -> None:
    """Show the findings of the checks, unless stderr is for a program or should be empty."""
    if progress not in ("quiet", "json"):
        show_findings(request.checked.diagnostics, request.checked.lines)


@dataclass(frozen=True)
class _How:
    """How a run is run and shown."""

    progress: str
    reports: tuple[Report, ...]
    keep: bool
    unfolds: bool
    fail_fast: bool
    wait_lease: int | None


def _run(request: RunRequest, how: _How, id_file: RunIdFile | None) -> int:
    if not request.plan.selected:
        return _report_again(request, how.reports)
    from fastflow.app.up import run, settings_of  # noqa: PLC0415  # a dry run needs no engine
    from fastflow.cli.console import Console  # noqa: PLC0415  # as above

    settings = settings_of(request, keep=how.keep, fail_fast=how.fail_fast, wait_lease=how.wait_lease)
    show = Console(how.progress, request.plan, request.mask, how.reports, keeps=how.keep, unfolds=how.unfolds)
    with show as console:
        return console.conclude(*run(request, settings, console, id_file))


def _report_again(request: RunRequest, reports: tuple[Report, ...]) -> int:
    """Write the requested reports of the run that has passed, because a pipeline waits for them."""
    from fastflow.record.archive import read_archive  # noqa: PLC0415  # most runs resume none

    assert request.earlier is not None
    click.echo(f"everything passed in run {request.plan.resumes}: there is nothing to run again")
    for failure in write_reports(reports, read_archive(request.earlier.folder)).values():
        if failure is not None:
            raise failure
    return ExitCode.PASSED
