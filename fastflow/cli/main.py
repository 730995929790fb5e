"""The command line's entry: a group whose commands are imported only when they are called."""

import importlib
import sys
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from fastflow import __version__
from fastflow.app.memory import disable_gc, skip_gc_at_exit
from fastflow.cli.boundary import guarded
from fastflow.cli.streams import drop_unwritten, settle_streams

# Each command's module (its file), and its line in `--help`, which is shown without importing the module.
COMMANDS = {
    "init": "Write a first spec, optionally from an existing Compose file.",
    "up": "Run a spec: record, test and report through Docker Compose.",
    "validate": "Check specs before any run; needs no Docker, network or variables.",
    "plan": "Show what `up` would do, in order, with the reason for each step.",
    "graph": "Draw the phases and their dependencies.",
    "ci": "Write the pipeline file of a CI system for a spec, and keep it in step.",
    "config": "Print a workflow's Compose project as Docker Compose gets it.",
    "ps": "List the runs on the engine.",
    "logs": "Show the logs of phases.",
    "stop": "Stop a phase's node gracefully.",
    "wait": "Wait until a phase is ready or has ended.",
    "down": "Remove what dead runs left behind; interrupt a live one with --run.",
    "runs": "List the kept runs, and remove old ones.",
    "report": "Write reports of an earlier run.",
    "diff": "Show what differs between two runs, and why.",
    "accept": "Accept found vulnerabilities, with a reason.",
    "schema": "Print the JSON Schema of the spec, for editors.",
    "explain": "Show a rule's page: what it finds, why, and how to fix it.",
    "completion": "Print the script that completes commands in your shell.",
    "doctor": "Check engines, images, ports, disk and cloud: each is ok, or says what to do.",
    "emulator": "Manage the stand-in for Wallarm's cloud and node.",
    "attach": "Watch a run on a cluster whose `fastflow up` is gone.",
    "agent": "Make the image that runs workflows on the nodes of a cluster.",
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is used, so that `--help` and `validate` stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The commands in the order in which users need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; for completion, make it from the table."""
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing:  # a shell asks for completions
            from fastflow.cli.described import command_of  # noqa: PLC0415  # for that only

            return command_of(cmd_name)
        module = importlib.import_module(f"fastflow.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands without importing them, and the options of `fastflow` itself."""
        commands = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or say which one was probably meant."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from fastflow.diagnostic import did_you_mean  # noqa: PLC0415  # only needed for a typing error

            hint = did_you_mean(args[0], list(COMMANDS))
            ctx.fail(f"There is no command `{args[0]}`." + (f" {hint[0].upper()}{hint[1:]}" if hint else ""))
        return super().resolve_command(ctx, args)


_EPILOG = """A run is one `fastflow up`. A phase is a node of the spec as it runs, named WORKFLOW.NODE.

Begin with `fastflow init`, `fastflow validate`, `fastflow up --emulate`. Each command has a --help."""


@click.group(
    cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__, "-V", "--version", message="fastflow %(version)s")
def cli() -> None:
    """Run Wallarm FAST security tests for concurrent CI/CD workflows, described in one file, fastflow.yml."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run fastflow and exit with its code (docs: exit codes)."""
    settle_streams()
    disable_gc()
    code = guarded(cli, sys.argv[1:] if arguments is None else arguments)
    drop_unwritten(sys.stdout)
    drop_unwritten(sys.stderr)
    skip_gc_at_exit()
    sys.exit(code)
