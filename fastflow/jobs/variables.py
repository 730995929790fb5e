"""The variables that a spec needs from the CI system, and ids with different names in different systems."""

from collections.abc import Container, Iterable, Iterator

from fastflow.check.facts import Facts
from fastflow.ci import CI_ID, RUN_ID
from fastflow.spec.document import Scalar, YamlList, YamlNode
from fastflow.spec.template import Template, TemplateError, Variable, parse_template

RUN_IDS = frozenset(
    (
        *("GITHUB_RUN_ID", "GITHUB_RUN_NUMBER", "CI_PIPELINE_ID", "CI_PIPELINE_IID", "CI_PIPELINE_NUMBER"),
        *("BUILD_ID", "BUILD_NUMBER", "BUILD_BUILDID", "CIRCLE_PIPELINE_NUMBER", "CIRCLE_BUILD_NUM"),
        *("bamboo_buildNumber", "BITBUCKET_BUILD_NUMBER", "BUILDKITE_BUILD_NUMBER", "TRAVIS_BUILD_ID"),
    )
)
"""Variables of CI systems that number a run. If another system runs the spec, its own number replaces them."""


def variables_of(facts: Facts) -> tuple[str, ...]:
    """The variables of a spec that have no default and no value from fastflow, in the order of the file."""
    own = {CI_ID, RUN_ID, *facts.spec.token_names, *(name for found in facts.variables.values() for name in found)}
    return tuple(name for name in dict.fromkeys(_wanted(facts.places.root)) if name not in own)


def _wanted(node: YamlNode) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield from _without_default(_template(node.text)) if node.symbolic else ()
    elif isinstance(node, YamlList):
        for item in node.items:
            yield from _wanted(item)
    else:
        for _, value in node:
            yield from _wanted(value)


def _template(text: str) -> Template:
    try:
        return parse_template(text)
    except TemplateError:
        return ()


def _without_default(template: Template) -> Iterator[str]:
    for part in template:
        if isinstance(part, Variable):
            if part.operator in ("", ":?", "?"):
                yield part.name
            else:
                yield from _without_default(part.word)


def foreign_ids(variables: Iterable[str], own: Container[str], run_id: str) -> dict[str, str]:
    """Give the variables that number a run in other CI systems the number of this one, `run_id`."""
    return {name: run_id for name in variables if name in RUN_IDS and name not in own}
