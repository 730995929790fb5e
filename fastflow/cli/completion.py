"""`fastflow completion`."""

import click
from click.shell_completion import get_completion_class

from fastflow.cli.options import with_examples

SHELLS = ("bash", "zsh", "fish")
_EPILOG = with_examples(
    "",
    ('eval "$(fastflow completion bash)"', "in ~/.bashrc; needs bash 4.4"),
    ('eval "$(fastflow completion zsh)"', "in ~/.zshrc, after compinit"),
    ("fastflow completion fish > ~/.config/fish/completions/fastflow.fish", "once"),
)


@click.command(name="completion", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options, files, workflows, phases, runs and rules in your shell."""
    made = get_completion_class(shell)
    assert made is not None, "click knows these shells"
    click.echo(made(context.find_root().command, {}, "fastflow", "_FASTFLOW_COMPLETE").source())
