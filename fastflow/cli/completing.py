"""Shell completion beyond commands and options; names are read, and modules imported, only when needed."""

from collections.abc import Iterable

import click


def workflows(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # click's signature
    """The workflows of the spec earlier on the command line, or of the one here."""
    from fastflow.app.names import nodes_of  # noqa: PLC0415  # most commands complete nothing

    given = context.params.get("spec") or next(iter(context.args), None)  # unread before an option without its value
    return _beginning(incomplete, nodes_of(given))


def phases(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as above
    """The phases of the spec here."""
    from fastflow.app.names import nodes_of  # noqa: PLC0415  # as above

    return _beginning(incomplete, (f"{name}.{node}" for name, nodes in nodes_of(None).items() for node in nodes))


def runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # as above
    """The runs of the spec here, in the --runs-dir earlier on the command line, or in the default place."""
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
