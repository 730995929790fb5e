"""`fastflow runs`."""

import click

from fastflow.app.specs import directory_of_runs, find_spec
from fastflow.cli.options import format_option, notify, runs_dir_option, with_examples
from fastflow.errors import FastflowError, UsageError, system_reason
from fastflow.model.base import parse_duration
from fastflow.record.kept import kept_runs, remove, to_prune
from fastflow.record.place import RunsDir
from fastflow.report.runs import kept_as_json, kept_as_text, size_of
from fastflow.report.text import count

_DAY = 24 * 3600
_EPILOG = with_examples(
    "",
    ("fastflow runs", "the runs kept next to the spec here"),
    ("fastflow runs prune --keep 20", "remove all but the latest twenty"),
    ("fastflow runs prune --older 30d", "remove runs that began more than thirty days ago"),
    ("fastflow runs prune --keep 20 --older 30d", "remove runs that match both"),
)


def _read_age(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Read a length of time in the format of specs, or in days."""
    if value is None:
        return None
    try:
        days = value.removesuffix("d")
        return int(days) * _DAY if days != value and days.isascii() and days.isdigit() else parse_duration(value)
    except ValueError:
        raise click.BadParameter(f"expected a time such as 30d or 12h, not {value}", context, option) from None


_all_option = click.option(
    "--all", "of_all", is_flag=True, help="Include the runs of every spec, in a --runs-dir that several specs share."
)


@click.group(name="runs", invoke_without_command=True, epilog=_EPILOG)
@format_option
@_all_option
@runs_dir_option
@click.pass_context
def command(context: click.Context, form: str, runs_dir: RunsDir, *, of_all: bool) -> None:
    """List the kept runs of the spec here: when each began, its exit code, size and phases.

    They are folders in .fastflow/runs, or in the directory that --runs-dir names. Without a spec here, it lists all
    runs in that directory. Needs no engine.
    """
    if context.invoked_subcommand is not None:
        return
    of_all = of_all or _is_shared(runs_dir)
    runs = kept_runs(directory_of_runs(), runs_dir, of_all=of_all)
    if form == "json":
        click.echo(kept_as_json(runs))
    elif runs:
        click.echo(kept_as_text(runs, with_specs=of_all))
    else:
        click.echo("no runs are kept here", err=True)


def _is_shared(runs_dir: RunsDir) -> bool:
    """Whether runs of all specs are meant by default, because there is no spec here."""
    return runs_dir.chosen is not None and find_spec() is None


@command.command(short_help="Remove the folders of finished runs, with logs, records and reports.")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the latest N runs, regardless of age.")
@click.option(
    "--older", callback=_read_age, metavar="TIME", help="Remove only runs that began longer ago than this: 30d, 12h."
)
@click.option("--dry-run", is_flag=True, help="Show which runs would be removed; remove nothing.")
@_all_option
@runs_dir_option
def prune(keep: int | None, older: int | None, runs_dir: RunsDir, *, dry_run: bool, of_all: bool) -> None:
    """Remove the folders of finished runs, with logs, records and reports. A live run stays.

    Reports that `up --report` or `reports:` wrote elsewhere also stay. A removed run cannot be resumed.
    """
    if keep is None and older is None:
        raise UsageError("no option says which runs to remove", "for instance: fastflow runs prune --keep 20")
    kept = kept_runs(directory_of_runs(), runs_dir, of_all=of_all or _is_shared(runs_dir))
    chosen = to_prune(kept, keep, older)
    for run in chosen:
        notify(f"{'would remove' if dry_run else 'removing'} {run.folder} ({size_of(run.size)})")
    if not dry_run:
        try:
            remove(chosen)
        except OSError as error:
            raise FastflowError(
                f"{error.filename} cannot be removed: {system_reason(error)}", "remove it yourself"
            ) from None
    freed = size_of(sum(run.size for run in chosen))
    click.echo(f"{count(len(chosen), 'run')}, {freed}" + (": nothing was removed" if dry_run else " removed"))
