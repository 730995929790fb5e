"""Command lines as click reads them, without anything that runs."""

import shlex

import click

from fastflow.cli.main import cli


def parse(line: str) -> None:
    """Let click read a command line without running anything; raises click's errors."""
    words = [word for word in shlex.split(line, comments=True) if word != "…"]
    group, context = cli, click.Context(cli, info_name="fastflow")
    command: click.Command = group
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"no command {words[0]}")
        command, words = found, words[1:]
    if isinstance(command, click.Group) and not words:
        return  # prose that speaks of the group
    command.make_context(command.name or "", words, parent=context)
