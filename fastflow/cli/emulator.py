"""`fastflow emulator`."""

import click

from fastflow.app.environment import engine_environment, variable
from fastflow.cli.options import notify
from fastflow.emulation.cloud import NAME, TOKENS, cloud_status, ensure_cloud, remove_cloud, reset_cloud
from fastflow.emulation.image import ensure_image, remove_older_images
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine


def _engine() -> DockerEngine:
    engine = open_engine(engine_environment())
    engine.info()
    return engine


@click.group(name="emulator")
def command() -> None:
    """Manage the stand-in for Wallarm's cloud and FAST node.

    `fastflow up --emulate` builds and starts what it needs; these commands are for everything else. It accepts every
    token, or only those in FASTFLOW_EMULATOR_TOKENS (comma-separated).
    """


@command.command()
def build() -> None:
    """Build the image where this version of it is missing, and remove those of other versions."""
    engine = _engine()
    image = ensure_image(engine, notify, with_base=True)
    remove_older_images(engine)
    click.echo(image)


@command.command()
def up() -> None:
    """Start the emulated cloud of the current engine."""
    engine = _engine()
    image = ensure_image(engine, notify)
    address = ensure_cloud(engine, image, variable(TOKENS), by_command=True)
    click.echo(f"the emulated cloud answers at {address}" if address else "the emulated cloud runs")


_force = click.option("--force", is_flag=True, help="Do it even if a run uses the emulator; that run will fail.")


@command.command()
@_force
def down(*, force: bool) -> None:
    """Stop the emulated cloud, unless a run uses it; its records stay until `reset`."""
    click.echo(
        "the emulated cloud is down" if remove_cloud(_engine(), force=force) else "the emulated cloud was not up"
    )


@command.command()
@_force
def reset(*, force: bool) -> None:
    """Forget all test records and test runs, unless a run uses them."""
    reset_cloud(_engine(), force=force)
    click.echo("all test records and test runs are forgotten")


@command.command()
def status() -> int:
    """Say whether the emulated cloud is up, and what it holds. Exit code 3 where it is not."""
    found = cloud_status(_engine())
    if found is None:
        click.echo("the emulated cloud is not up; start it with: fastflow emulator up")
        return 3
    click.echo(f"up: container {NAME}, image {found.image}, {found.address or 'not reachable from here'}")
    click.echo(
        "accepts " + (f"the tokens that {TOKENS} held when it was started" if found.is_restricted else "every token")
    )
    click.echo(", ".join(f"{count} {name}" for name, count in found.counts.items()))
    return 0
