"""The commands as a table, for shell completion without importing them.

`described` makes the table of the commands, `command_of` returns a command that can be completed but not called. The
table is a file of the package, `commands.json`, which `make docs` writes and a test compares with the commands.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fastflow.cli import completing

TABLE = Path(__file__).with_name("commands.json")


def described(command: click.Command) -> dict[str, Any]:
    """Describe a command, and those below it, with everything that completion needs."""
    facts: dict[str, Any] = {"help": command.get_short_help_str(80), "params": [_param(one) for one in command.params]}
    if isinstance(command, click.Group):
        facts["commands"] = {name: described(one) for name, one in command.commands.items()}
    return facts


def _param(param: click.Parameter) -> dict[str, Any]:
    facts: dict[str, Any] = {"opts": param.opts, "secondary": param.secondary_opts, "nargs": param.nargs}
    if isinstance(param, click.Option):
        facts |= {"help": param.help, "is_flag": param.is_flag, "multiple": param.multiple}
    if isinstance(param.type, click.Choice):
        facts["choices"] = [str(one) for one in param.type.choices]
    if isinstance(param.type, click.Path):
        facts["is_path"] = True
    complete = getattr(param, "_custom_shell_complete", None)  # click has no public name for it
    return facts | ({"names": complete.__name__} if complete is not None else {})


def command_of(name: str) -> click.Command:
    """A command of the table, which does nothing."""
    return _made(name, json.loads(TABLE.read_text(encoding="utf-8"))[name])


def _made(name: str, facts: Mapping[str, Any]) -> click.Command:
    params = [_made_param(one) for one in facts["params"]]
    if "commands" in facts:
        below = {name: _made(name, one) for name, one in facts["commands"].items()}
        return click.Group(name, commands=below, params=params, help=facts["help"])
    return click.Command(name, params=params, help=facts["help"])


def _made_param(facts: Mapping[str, Any]) -> click.Parameter:
    kind = (
        click.Choice(facts["choices"]) if "choices" in facts else click.Path() if "is_path" in facts else click.STRING
    )
    names = getattr(completing, facts["names"]) if "names" in facts else None
    if "help" not in facts:
        return click.Argument(facts["opts"], type=kind, nargs=facts["nargs"], required=False, shell_complete=names)
    words = [*facts["opts"], *facts["secondary"]]
    if facts["is_flag"]:
        return click.Option(words, is_flag=True, help=facts["help"])
    return click.Option(words, type=kind, multiple=facts["multiple"], help=facts["help"], shell_complete=names)
