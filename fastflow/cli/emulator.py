"""`fastflow emulator`."""

import click

from fastflow.app.cluster_emulator import cluster_named, manager_of, require_unused
from fastflow.app.environment import engine_environment, variable
from fastflow.cli.options import notify
from fastflow.emulation.cloud import NAME, TOKENS, cloud_status, ensure_cloud, remove_cloud, reset_cloud
from fastflow.emulation.cluster_cloud import (
    cluster_cloud_counts,
    ensure_cluster_cloud,
    remove_cluster_cloud,
    reset_cluster_cloud,
)
from fastflow.emulation.image import ensure_image, remove_older_images
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine


def _engine() -> DockerEngine:
    engine = open_engine(engine_environment())
    engine.info()
    return engine


_host = click.option(
    "--host", "host", metavar="NAME", help="The cluster whose cloud to use, by its name under `hosts` in the spec here."
)


@click.group(name="emulator")
def command() -> None:
    """Manage the stand-in for Wallarm's cloud and FAST node.

    `fastflow up --emulate` builds and starts what it needs; these commands are for everything else. It accepts every
    token, or only those in FASTFLOW_EMULATOR_TOKENS (comma-separated).
    """


@command.command(short_help="Build the image of this version, and remove those of other versions.")
def build() -> None:
    """Build the image of this version if it is missing, and remove those of other versions."""
    engine = _engine()
    image = ensure_image(engine, notify, with_base=True)
    remove_older_images(engine)
    click.echo(image)


@command.command()
@_host
def up(*, host: str | None) -> None:
    """Start the emulated cloud of the current engine."""
    if host is not None:
        ensure_cluster_cloud(manager_of(cluster_named(host)), notify)
        click.echo(f"the emulated cloud of {host} is running")
        return
    engine = _engine()
    image = ensure_image(engine, notify)
    address = ensure_cloud(engine, image, variable(TOKENS), by_command=True)
    click.echo(f"the emulated cloud answers at {address}" if address else "the emulated cloud is running")


_force = click.option("--force", is_flag=True, help="Proceed even if a run uses the emulator; that run will fail.")


@command.command(short_help="Stop the emulated cloud, unless a run uses it; its records stay until `reset`.")
@_force
@_host
def down(*, force: bool, host: str | None) -> None:
    """Stop the emulated cloud, unless a run uses it; its records stay until `reset`."""
    was_up = remove_cloud(_engine(), force=force) if host is None else remove_cluster_cloud(_unused(host, force=force))
    click.echo("the emulated cloud is down" if was_up else "the emulated cloud was not up")


@command.command()
@_force
@_host
def reset(*, force: bool, host: str | None) -> None:
    """Forget all test records and test runs, unless a run uses them."""
    if host is None:
        reset_cloud(_engine(), force=force)
    else:
        reset_cluster_cloud(_unused(host, force=force))
    click.echo("all test records and test runs are forgotten")


@command.command()
@_host
def status(*, host: str | None) -> int:
    """Show whether the emulated cloud is up, and its contents. Exit code 3 if it is not up."""
    if host is not None:
        return _status_on(host)
    found = cloud_status(_engine())
    if found is None:
        click.echo("the emulated cloud is not up; start it with: fastflow emulator up")
        return 3
    click.echo(f"up: container {NAME}, image {found.image}, {found.address or 'not reachable from here'}")
    click.echo("accepts " + (f"the tokens in {TOKENS} when it was started" if found.is_restricted else "every token"))
    click.echo(", ".join(f"{count} {name}" for name, count in found.counts.items()))
    return 0


def _unused(host: str, *, force: bool) -> DockerEngine:
    """The manager of a cluster that no run uses; with `force`, of any cluster."""
    found = cluster_named(host)
    if not force:
        require_unused(found, notify)
    return manager_of(found)


def _status_on(host: str) -> int:
    counts = cluster_cloud_counts(manager_of(cluster_named(host)))
    if counts is None:
        click.echo(f"the emulated cloud of {host} is not up; start it with: fastflow emulator up --host {host}")
        return 3
    click.echo(f"up on {host}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return 0
