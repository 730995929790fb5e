"""`fastflow stop`."""

import click

from fastflow.app.clusters import require_none
from fastflow.app.live import engines_here, find_target, split_phase, stop_node
from fastflow.app.specs import find_spec, read_spec_text
from fastflow.cli import completing
from fastflow.cli.options import notify, run_option, runs_dir_option
from fastflow.record.place import RunsDir


@click.command(name="stop")
@click.argument("phase", metavar="PHASE", shell_complete=completing.phases)
@run_option
@runs_dir_option
def command(*, phase: str, run: str | None, runs_dir: RunsDir) -> None:
    """Stop the node of PHASE (or RUN/PHASE) gracefully: a recorder finishes its test record.

    A recording phase without a source then passes. One with a source fails, because its recording is incomplete.
    """
    run_name, phase_name = split_phase(phase, run)
    require_none(phase_name, run_name, read_spec_text(None) if find_spec() else None, "`fastflow stop`")
    target = find_target(engines_here(notify).look(), phase, run, runs_dir)
    click.echo(f"stopped {stop_node(target).id} of run {target.run.id}")
