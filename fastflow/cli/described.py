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
    told: dict[str, Any] = {"help": command.get_short_help_str(80), "params": [_param(one) for one in command.params]}
    if isinstance(command, click.Group):
        told["commands"] = {name: described(one) for name, one in command.commands.items()}
    return told


def _param(param: click.Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {"opts": param.opts, "secondary": param.secondary_opts, "nargs": param.nargs}
    if isinstance(param, click.Option):
        told |= {"help": param.help, "is_flag": param.is_flag, "multiple": param.multiple}
    if isinstance(param.type, click.Choice):
        told["choices"] = [str(one) for one in param.type.choices]
    if isinstance(param.type, click.Path):
        told["is_path"] = True
    complete = getattr(param, "_custom_shell_complete", None)  # click has no public name for it
    return told | ({"names": complete.__name__} if complete is not None else {})


def command_of(name: str) -> click.Command:
    """A command of the table, which does nothing."""
    return _made(name, json.loads(TABLE.read_text(encoding="utf-8"))[name])


def _made(name: str, told: Mapping[str, Any]) -> click.Command:
    params = [_made_param(one) for one in told["params"]]
    if "commands" in told:
        below = {name: _made(name, one) for name, one in told["commands"].items()}
        return click.Group(name, commands=below, params=params, help=told["help"])
    return click.Command(name, params=params, help=told["help"])


def _made_param(told: Mapping[str, Any]) -> click.Parameter:
    kind = click.Choice(told["choices"]) if "choices" in told else click.Path() if "is_path" in told else click.STRING
    names = getattr(completing, told["names"]) if "names" in told else None
    if "help" not in told:
        return click.Argument(told["opts"], type=kind, nargs=told["nargs"], required=False, shell_complete=names)
    words = [*told["opts"], *told["secondary"]]
    if told["is_flag"]:
        return click.Option(words, is_flag=True, help=told["help"])
    return click.Option(words, type=kind, multiple=told["multiple"], help=told["help"], shell_complete=names)
