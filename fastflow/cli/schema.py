"""`fastflow schema`."""

import click

from fastflow.app.schema import schema_text


@click.command(name="schema")
def command() -> None:
    """Print the JSON Schema (2020-12) of the spec, for editors: `# yaml-language-server: $schema=…`."""
    click.echo(schema_text(), nl=False)
