"""Arguments and options that several commands share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from fastflow.app.environment import RUNS_DIR
from fastflow.cli import completing
from fastflow.model.base import parse_duration
from fastflow.model.mode import MODE_NAMES

if TYPE_CHECKING:
    from fastflow.record.place import RunsDir

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

SPECS_HELP = "SPEC is a file, a directory with a fastflow.yml, or - for standard input"
SPEC_HELP = f"{SPECS_HELP}. Default: the fastflow.yml of this directory or its nearest parent that has one."


def read_duration(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Read a duration in the format of specs (`90`, `90s`, `15m`, `1h30m`) as seconds, for an option's callback."""
    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError:
        raise click.BadParameter(
            f"expected a duration such as 90s, 15m or 1h30m, not {value}", context, option
        ) from None


def with_examples(text: str, *examples: tuple[str, str]) -> str:
    """Add examples, each a command line and its purpose, to the text below a command's options."""
    width = max(len(line) for line, _ in examples)
    return "\n".join([f"{text}\n\n\b\nExamples:", *(f"  {line:<{width}}  {purpose}" for line, purpose in examples)])


def spec_argument() -> Decorator:
    """The spec; by default that of this directory or its nearest parent."""
    return click.argument("spec", required=False, metavar="[SPEC]", type=click.Path(allow_dash=True))


def selection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which phases."""
    modes = click.Choice(MODE_NAMES)
    text = "Only this workflow, or all cells of this matrix; may be repeated."
    function = click.option("--only", type=modes, help="Only phases of this mode; the others count as passed.")(
        function
    )
    return click.option(
        "-w",
        "--workflow",
        "workflows",
        multiple=True,
        metavar="WORKFLOW",
        shell_complete=completing.workflows,
        help=text,
    )(function)


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """For whom."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="The output: text to read, or JSON for programs.",
    )(function)


def all_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Whether each cell of a matrix is shown."""
    text = "Show every cell of a matrix. By default, cells that do the same are shown as one."
    return click.option("--all", "unfolds", is_flag=True, help=text)(function)


def env_file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Files of variables."""
    return click.option(
        "--env-file",
        "env_files",
        multiple=True,
        metavar="F",
        type=click.Path(),
        help="Read variables from F; may be repeated, and the last one wins.",
    )(function)


def env_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Whether variables have values."""
    text = "Use the values of variables. By default they are symbols, and the result is the same on every machine."
    return click.option("--env", "with_values", is_flag=True, help=text)(function)


def run_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which run."""
    text = "The run; needed unless exactly one run of the spec here is live."
    return click.option("--run", "run", metavar="RUN", shell_complete=completing.runs, help=text)(function)


def _read_runs_dir(context: click.Context, option: click.Parameter, value: str | None) -> "RunsDir":  # noqa: ARG001  # click's signature
    """Read where runs are kept; a group's value applies to its commands too."""
    from fastflow.app.runs_dir import runs_dir_of  # noqa: PLC0415  # `validate` has nothing to do with runs
    from fastflow.record.place import RunsDir  # noqa: PLC0415  # as above

    above = context.parent.params.get("runs_dir") if context.parent is not None else None
    return above if value is None and isinstance(above, RunsDir) else runs_dir_of(value)


def runs_dir_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where runs are kept."""
    text = f"Keep the folders of runs in DIR. Default: {RUNS_DIR}, or .fastflow/runs next to the spec."
    return click.option("--runs-dir", "runs_dir", metavar="DIR", type=click.Path(), callback=_read_runs_dir, help=text)(
        function
    )


def notify(text: str) -> None:
    """Print to stderr, for people."""
    click.echo(text, err=True)
