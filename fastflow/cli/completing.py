"""What shells complete beyond commands and options; names are read, and modules imported, when they are asked for."""

from collections.abc import Iterable

import click


def workflows(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # click's signature
    """The workflows of the spec that stands before it, or of the one here."""
    from fastflow.app.names import nodes_of  # noqa: PLC0415  # most commands complete nothing

    given = context.params.get("spec") or next(iter(context.args), None)  # before an option without its value: unread
    return _beginning(incomplete, nodes_of(given))


def phases(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as above
    """The phases of the spec here."""
    from fastflow.app.names import nodes_of  # noqa: PLC0415  # as above

    return _beginning(incomplete, (f"{name}.{node}" for name, nodes in nodes_of(None).items() for node in nodes))


def runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as above
    """The runs of the spec here, in the --runs-dir that stands before, or where they are without one."""
    from fastflow.app.names import runs_here  # noqa: PLC0415  # as above

    return _beginning(incomplete, runs_here(context.params.get("runs_dir")))


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as above
    """The ids of all rules."""
    from fastflow.check.rules import BY_ID  # noqa: PLC0415  # as above

    return _beginning(incomplete, BY_ID)


def reports(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as above
    """The kinds of reports, each with the sign that a path follows."""
    from fastflow.report.kinds import KINDS  # noqa: PLC0415  # as above

    return _beginning(incomplete, (f"{kind}=" for kind in KINDS))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
