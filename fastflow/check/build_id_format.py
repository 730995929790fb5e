"""build-id-format: a BUILD_ID is letters and digits, and nothing else (Wallarm's FAST documentation)."""

import re
from collections.abc import Iterator

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic
from fastflow.model.phases import Phase, template_of
from fastflow.spec.template import Template, Variable

RULE = "build-id-format"
_ALLOWED = re.compile(r"[A-Za-z0-9]+")
_USE_CI_ID = "use ${FASTFLOW_CI_ID}, which identifies the CI run in letters and digits"

UNFIT_VARIABLES = {
    "BUILD_TAG": "Jenkins: jenkins-JOB-NUMBER",
    "JOB_NAME": "Jenkins: may hold slashes and blanks",
    "BUILD_URL": "Jenkins: a URL",
    "CIRCLE_WORKFLOW_ID": "CircleCI: a UUID with dashes",
    "CIRCLE_PIPELINE_ID": "CircleCI: a UUID with dashes",
    "CIRCLE_BRANCH": "CircleCI: a branch name",
    "bamboo_buildKey": "Bamboo: keys joined by dashes",
    "bamboo_buildResultKey": "Bamboo: keys joined by dashes",
    "bamboo_planKey": "Bamboo: keys joined by dashes",
    "CI_COMMIT_REF_SLUG": "GitLab CI: a branch name with dashes",
    "CI_COMMIT_REF_NAME": "GitLab CI: a branch name",
    "CI_COMMIT_BRANCH": "GitLab CI: a branch name",
    "CI_PROJECT_PATH_SLUG": "GitLab CI: a path with dashes",
    "GITHUB_REF_NAME": "GitHub Actions: a branch or tag name",
    "GITHUB_REF": "GitHub Actions: refs/heads/NAME",
    "GITHUB_HEAD_REF": "GitHub Actions: a branch name",
    "GITHUB_REPOSITORY": "GitHub Actions: OWNER/NAME",
    "GITHUB_JOB": "GitHub Actions: may hold dashes and underscores",
    "BUILDKITE_BUILD_ID": "Buildkite: a UUID with dashes",
    "BUILDKITE_JOB_ID": "Buildkite: a UUID with dashes",
    "BUILDKITE_BRANCH": "Buildkite: a branch name",
    "BITBUCKET_BRANCH": "Bitbucket Pipelines: a branch name",
    "BITBUCKET_PIPELINE_UUID": "Bitbucket Pipelines: a UUID in braces",
    "BUILD_BUILDNUMBER": "Azure Pipelines: by default a date with a dot",
    "BUILD_SOURCEBRANCHNAME": "Azure Pipelines: a branch name",
    "DRONE_BRANCH": "Drone: a branch name",
    "CI_COMMIT_TIMESTAMP": "GitLab CI: a time with dashes and colons",
}


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at every BUILD_ID as written, once for each place where one is written."""
    seen = set()
    for phase in facts.phases:
        if phase.build_id is None or not phase.uses_build_id or phase.build_id_path in seen:
            continue
        seen.add(phase.build_id_path)
        yield from _one(facts, phase, phase.build_id)


def _one(facts: Facts, phase: Phase, build_id: str) -> Iterator[Diagnostic]:
    place = facts.build_id_place(phase)
    template: Template = (build_id,) if facts.has_values else template_of(build_id)
    if not build_id:
        hint = "write letters and digits, such as web${FASTFLOW_CI_ID}"
        yield error(RULE, "the BUILD_ID is empty", place, hint)
        return
    fault = next(_faults(template), None)
    if fault is not None:
        yield error(RULE, fault, place, "a BUILD_ID is letters and digits, and nothing else")
        return
    for part in template:
        if isinstance(part, Variable) and part.name in UNFIT_VARIABLES:
            reason = UNFIT_VARIABLES[part.name]
            message = f"{part.name} is not letters and digits ({reason})"
            yield error(RULE, message, place, _USE_CI_ID)
            return


def _faults(template: Template) -> Iterator[str]:
    """Say why a template can never be letters and digits, or why a default that it writes cannot."""
    for part in template:
        if isinstance(part, str):
            yield from _foreign(part, f"the BUILD_ID `{_shown(part)}` holds")
        elif part.operator[-1:] in ("-", "+"):
            for word in _literals(part.word):
                yield from _foreign(word, f"the text `{_shown(word)}` for {part.name} holds")


def _literals(template: Template) -> Iterator[str]:
    for part in template:
        if isinstance(part, str):
            yield part
        else:
            yield from _literals(part.word)


def _foreign(text: str, beginning: str) -> Iterator[str]:
    if text and not _ALLOWED.fullmatch(text):
        foreign = next(character for character in text if not _ALLOWED.fullmatch(character))
        name = "a blank" if foreign == " " else f"`{foreign}`" if foreign.isprintable() else f"U+{ord(foreign):04X}"
        yield f"{beginning} {name}"


def _shown(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
