"""`fastflow graph`."""

import click

from fastflow.app.environment import kept_out
from fastflow.app.specs import read_spec_text
from fastflow.cli.findings import passed
from fastflow.cli.options import SPEC_HELP, all_option, spec_argument, with_examples
from fastflow.pipeline import check, plan
from fastflow.plan.making import Selection
from fastflow.report.graph import FORMATS, graph_as

_FORMAT_HELP = "The output: source for Mermaid or Graphviz (dot), text, an SVG picture, or an HTML page."


@click.command(name="graph", epilog=with_examples(SPEC_HELP, ("fastflow graph --format svg > phases.svg", "a picture")))
@spec_argument()
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="mermaid", show_default=True, help=_FORMAT_HELP
)
@all_option
def command(spec: str | None, form: str, unfolds: bool) -> None:
    """Draw the phases and their dependencies. Needs no Docker and no variables."""
    text = read_spec_text(spec)
    facts = passed(check([text], None), shows_warnings=False)
    made = plan(facts, text.directory, Selection(), kept_out=kept_out())
    click.echo(graph_as(form, made, unfolds=unfolds))
