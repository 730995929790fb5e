"""`fastflow explain`."""

import click

from fastflow.check.rules import BY_ID, RULE_IDS
from fastflow.cli import completing
from fastflow.diagnostic import did_you_mean
from fastflow.errors import UsageError
from fastflow.report.rules import rule_as_text, rules_as_text


@click.command(name="explain")
@click.argument("rule", required=False, metavar="[RULE]", shell_complete=completing.rules)
def command(rule: str | None) -> None:
    """Show a rule's page: what it finds, why, an example, and how to fix it.

    RULE is the name that findings show in brackets, as in error[build-id-collision]. Without RULE, list all rules.
    """
    if rule is None:
        click.echo(rules_as_text())
        return
    name = rule.strip("[]")
    if name not in BY_ID:
        raise UsageError(f"there is no rule `{name}`", did_you_mean(name, RULE_IDS) or "all rules: fastflow explain")
    click.echo(rule_as_text(BY_ID[name]))
