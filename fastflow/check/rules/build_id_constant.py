"""build-id-constant: a BUILD_ID without a variable is the same in every pipeline (off by default)."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic

RULE = Rule("build-id-constant", "off", "a BUILD_ID without a variable", needs_symbols=True)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at every BUILD_ID, once for each place where one is written."""
    for phase, build_id in facts.with_build_ids:
        if not facts.is_template(phase):
            message = f"the BUILD_ID {build_id} is the same in every pipeline"
            hint = f"add a value that differs between pipelines: {build_id}${{FASTFLOW_CI_ID}}"
            yield RULE.finding(message, facts.build_id_place(phase), hint)
