"""`fastflow agent`."""

import sys

import click

from fastflow.app.environment import prepare_calls
from fastflow.model.host import AGENT_IMAGE


@click.group(name="agent")
def command() -> None:
    """Make the image that runs workflows on the nodes of a cluster."""


@command.command(short_help="Build the agent's image: this fastflow, Docker's command line and Compose.")
@click.option("--image", default=AGENT_IMAGE, show_default=True, metavar="NAME", help="The name of the image.")
@click.option("--push", is_flag=True, help="Push the image to its registry.")
def build(*, image: str, push: bool) -> None:
    """Build the agent's image on the current engine: this fastflow, Docker's command line and Compose.

    Every node of the cluster must be able to get it: name it after a registry and push it, or load it on each node.
    """
    from fastflow.app.agent_image import build_agent  # noqa: PLC0415  # the agent itself needs no image
    from fastflow.cli.options import notify  # noqa: PLC0415  # as above

    click.echo(build_agent(image, notify, push=push))


@command.command(hidden=True)
def sweep() -> None:
    """Remove what units of dead agents left on this node. `fastflow down` runs this command on each node."""
    from fastflow.app.node_sweep import sweep_here  # noqa: PLC0415  # the image needs no such thing to be built

    sweep_here(click.echo)


@command.command(hidden=True)
def run() -> int:
    """Run a unit on the engine of this node. The image runs this command."""
    prepare_calls()
    from fastflow.app.agent import run_agent  # noqa: PLC0415  # loads all that a run needs
    from fastflow.cli.signals import interruption  # noqa: PLC0415  # as above
    from fastflow.run.observer import Cancellation  # noqa: PLC0415  # as above

    def write(line: str) -> None:
        sys.stdout.write(line)
        sys.stdout.flush()

    cancellation = Cancellation()
    with interruption(cancellation, lambda _: None) as signals:
        return run_agent(write, cancellation, signals.begin)
