"""`fastflow wait`."""

import click

from fastflow.app.clusters import require_none
from fastflow.app.live import split_phase
from fastflow.app.specs import find_spec, read_spec_text
from fastflow.app.waiting import GRACE, Goal, wait_for
from fastflow.cli import completing
from fastflow.cli.options import notify, run_option, runs_dir_option, with_examples
from fastflow.errors import ExitCode
from fastflow.record.place import RunsDir
from fastflow.report.live import proxy_url

_FOR_HELP = "ready: the node accepts requests; ended: the phase has finished, with any result."
_TIMEOUT_HELP = f"Give up after this time, with exit code 3. By default, only if no run begins within {GRACE:g} s."
_EPILOG = with_examples(
    "PHASE is WORKFLOW.NODE of a live run. If its run is over, there is nothing to wait for, and the exit code is 3.",
    ("proxy=$(fastflow wait web.record --for ready --timeout 300)", "the proxy to send requests through"),
)
_CODES = {"passed": ExitCode.PASSED, "vulnerable": ExitCode.VULNERABLE}


@click.command(name="wait", epilog=_EPILOG)
@click.argument("phase", metavar="PHASE", shell_complete=completing.phases)
@click.option(
    "--for", "goal", type=click.Choice(["ready", "ended"]), default="ended", show_default=True, help=_FOR_HELP
)
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help=_TIMEOUT_HELP)
@run_option
@runs_dir_option
def command(*, phase: str, goal: Goal, timeout: float | None, run: str | None, runs_dir: RunsDir) -> int:
    """Wait until PHASE (or RUN/PHASE) is ready, and print its proxy's URL, or until it has ended.

    The exit code of `--for ended` is 0 if the phase passed, 1 if it found vulnerabilities, and otherwise 3.
    """
    run_name, phase_name = split_phase(phase, run)
    require_none(phase_name, run_name, read_spec_text(None) if find_spec() else None, "`fastflow wait`")
    target, state = wait_for(phase, run, goal, timeout, runs_dir=runs_dir, notify=notify)
    if goal == "ended":
        click.echo(f"{target.phase} {state}")
        return _CODES.get(state, ExitCode.FAILED)
    found = target.container
    url = proxy_url(found) if found else None
    if url is not None:
        click.echo(url)
    elif found is not None and found.mode == "recording":
        click.echo(f"{found.id} publishes no port, so its proxy is reachable only in the workflow's networks", err=True)
    return ExitCode.PASSED
