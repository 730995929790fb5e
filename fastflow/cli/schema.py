"""`fastflow schema`."""

import json

import click

from fastflow.model.schema import spec_schema


@click.command(name="schema")
def command() -> None:
    """Print the JSON Schema (2020-12) of the spec, for editors: `# yaml-language-server: $schema=…`."""
    click.echo(json.dumps(spec_schema(), indent=2, ensure_ascii=False))
