"""`fastflow ci`."""

from collections.abc import Sequence

import click

from fastflow.app.ci import Change, kept, made, options_of, printed, root_here
from fastflow.app.ci_options import INSTALL, JOBS
from fastflow.check.facts import Facts
from fastflow.cli.findings import passed
from fastflow.cli.options import SPEC_HELP, notify, spec_argument, with_examples
from fastflow.errors import ExitCode, UsageError
from fastflow.jobs.systems import NAMES
from fastflow.pipeline import check
from fastflow.spec.reader import SpecText

_EPILOG = with_examples(
    SPEC_HELP,
    ("fastflow ci github", "write .github/workflows/fast.yml"),
    ("fastflow ci gitlab --jobs one --runner docker-shell", "one job, on runners with that tag"),
    ("fastflow ci", "update all files that fastflow wrote"),
    ("fastflow ci --check", "fail, with a diff, if one is out of date"),
)
_JOBS_HELP = "A job for each workflow, on any free runner, or one job for the whole spec. Default: workflow."
_INSTALL_HELP = (
    f"The package for jobs to install: a name, an address, or a path such as ./tools/fastflow. Default: {INSTALL}."
)
_RUNNER_HELP = "The runner, tag, label, image or capability that jobs ask for. Default: one that has Docker."
_KEPT_AS_MADE = (
    "an existing file is kept in step with the spec and options that it was made with",
    "to change them, make it again: fastflow ci SYSTEM [SPEC]",
)
_OUTPUT_HELP = "The file to write. Default: where the CI system looks first."


@click.command(name="ci", epilog=_EPILOG)
@click.argument("system", required=False, metavar=f"[{'|'.join(NAMES)}]", type=click.Choice(NAMES))
@spec_argument()
@click.option("--jobs", type=click.Choice(JOBS), help=_JOBS_HELP)
@click.option("--install", metavar="REQUIREMENT", help=_INSTALL_HELP)
@click.option("--runner", metavar="NAME", help=_RUNNER_HELP)
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help=_OUTPUT_HELP)
@click.option("--stdout", "prints", is_flag=True, help="Print the whole file instead of writing it.")
@click.option(
    "--check", "checks", is_flag=True, help="Write nothing. If a file is out of date, print a diff and exit with 2."
)
@click.option("--force", is_flag=True, help="Overwrite edits inside the marked regions.")
def command(
    *,
    system: str | None,
    spec: str | None,
    jobs: str | None,
    install: str | None,
    runner: str | None,
    output: str | None,
    prints: bool,
    checks: bool,
    force: bool,
) -> int:
    """Write the pipeline file of a CI system for a spec, and keep it in step with the spec.

    fastflow writes between two marked lines, and never overwrites other text: your own triggers and jobs stay. To add
    the jobs to an existing file, write the two lines where they belong.

    Without a system, update all files that fastflow wrote, with the options that they were made with.
    """
    root, options = root_here(), {"jobs": jobs, "install": install, "runner": runner}
    if system is None or checks:
        if spec is not None or any(options.values()) or prints:
            raise UsageError(*_KEPT_AS_MADE)
        return _keep(kept(root, system, output, _facts, force=force or checks), checks=checks)
    wanted = options_of(system, spec, root, **options)
    if prints:
        click.echo(printed(wanted, root, _facts), nl=False)
        return ExitCode.PASSED
    return _keep([made(wanted, root, output, _facts, force=force)], checks=False)


def _facts(text: SpecText) -> Facts:
    return passed(check([text], None), shows_warnings=False)


def _keep(changes: Sequence[Change], *, checks: bool) -> int:
    """Write the changed files, or show the changes."""
    late = [change for change in changes if change.is_needed]
    for change in late:
        if checks:
            click.echo(change.diff)
            notify(f"{change.path} does not match its spec; update it: fastflow ci")
        else:
            change.write()
            notify(f"wrote {change.path}")
    if not late:
        notify(f"in step: {', '.join(str(change.path) for change in changes)}")
    return ExitCode.INVALID if late and checks else ExitCode.PASSED
