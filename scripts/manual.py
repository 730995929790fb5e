"""The manual pages: one for each command, from what its `--help` says. `scripts/reference` writes them."""

from collections.abc import Iterator

import click

from fastflow import __version__
from fastflow.cli.main import cli

HELP = (", ".join(cli.context_settings["help_option_names"]), "Show this message and exit.")
"""The option of every command: click makes it when a command is first shown, with the names that hold there."""


def pages() -> dict[str, str]:
    """Make all pages, by their file names."""
    all_commands = commands(("fastflow",), cli)
    return {f"{'-'.join(words)}.1": "\n".join(page(words, command)) + "\n" for words, command in all_commands}


def commands(words: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and all below it, each with the words that call it."""
    yield words, command
    for name, below in subcommands(command):
        yield from commands((*words, name), below)


def subcommands(command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The visible commands of a group, by name."""
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
        yield from ((name, below) for name, below in found if below is not None and not below.hidden)


def page(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    """The lines of a command's page."""
    name = "-".join(words)
    with click.Context(command, info_name=" ".join(words)) as context:
        usage = command.collect_usage_pieces(context)
        options = [record for one in command.params if (record := one.get_help_record(context))]
    options.append(HELP)
    yield f'.TH "{name.upper()}" "1" "" "fastflow {__version__}" "fastflow"'
    yield from (".SH NAME", rf"{text(name)} \- {text(command.get_short_help_str(limit=500))}")
    yield from (".SH SYNOPSIS", f".B {text(' '.join(words))}", text(" ".join(usage)))
    yield from (".SH DESCRIPTION", *paragraphs(command.help or ""))
    if options:
        yield ".SH OPTIONS"
        for flags, explanation in options:
            yield from (".TP", f".B {text(flags)}", text(" ".join(explanation.split())))
    if below := list(subcommands(command)):
        yield ".SH COMMANDS"
        for one, sub in below:
            yield from (".TP", f".BR {text('-'.join((*words, one)))} (1)", text(sub.get_short_help_str(limit=500)))
    if command.epilog:
        yield from (".SH NOTES", *paragraphs(command.epilog))
    yield from (".SH SEE ALSO", see_also(words))


def see_also(words: tuple[str, ...]) -> str:
    """Where there is more: the page above, or the documentation."""
    above = "-".join(words[:-1])
    return f".BR {text(above)} (1)" if above else "https://fastflow\\-ci.github.io/fastflow/latest/"


def paragraphs(written: str) -> Iterator[str]:
    """The paragraphs of a help text; click lets one that begins with \\b keep its lines."""
    for paragraph in written.split("\n\n"):
        lines = paragraph.replace("\f", "").splitlines()
        if lines and lines[0].strip() == "\b":
            yield from (".PP", ".nf", *map(text, lines[1:]), ".fi")
        elif lines:
            yield from (".PP", text(" ".join(line.strip() for line in lines)))


def text(written: str) -> str:
    """A text of which roff takes nothing for a request or an escape; dashes stay as they are typed."""
    clean = written.replace("`", "").replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{clean}" if clean.startswith((".", "'")) else clean
