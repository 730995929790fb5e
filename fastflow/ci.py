"""The CI run that fastflow is part of: which system it is, and an id of letters and digits."""

import hashlib
from collections.abc import Mapping

CI_ID = "FASTFLOW_CI_ID"
"""The variable that identifies the CI run."""
RUN_ID = "FASTFLOW_RUN_ID"
"""The variable that is new in every run."""
CI_ID_HINT = (
    f"fastflow does not know this CI system: set {CI_ID} to letters and digits that are the same in all jobs of "
    "this CI run and differ in every other, such as its build number"
)

# Each system: the variable that marks it, and those that are equal in all jobs of a run, reruns included.
_SYSTEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gh", ("GITHUB_REPOSITORY", "GITHUB_RUN_ID")),
    ("gl", ("CI_PROJECT_ID", "CI_PIPELINE_ID")),
    ("je", ("JENKINS_URL", "JOB_NAME", "BUILD_NUMBER")),
    ("cc", ("CIRCLE_PROJECT_REPONAME", "CIRCLE_PIPELINE_ID")),
    ("cc", ("CIRCLE_WORKFLOW_ID",)),
    ("az", ("SYSTEM_TEAMPROJECTID", "BUILD_BUILDID")),
    ("ba", ("bamboo_planKey", "bamboo_buildNumber")),
    ("bb", ("BITBUCKET_REPO_UUID", "BITBUCKET_BUILD_NUMBER")),
    ("bk", ("BUILDKITE_BUILD_ID",)),
    ("tc", ("TEAMCITY_VERSION", "TEAMCITY_PROJECT_NAME", "BUILD_NUMBER")),
    ("wp", ("CI_REPO", "CI_PIPELINE_NUMBER")),
    ("dr", ("DRONE_REPO", "DRONE_BUILD_NUMBER")),
    ("tr", ("TRAVIS_BUILD_ID",)),
    ("av", ("APPVEYOR_BUILD_ID",)),
    ("cb", ("CODEBUILD_BUILD_ID",)),
    ("se", ("SEMAPHORE_WORKFLOW_ID",)),
    ("cf", ("CF_BUILD_ID",)),
    ("bu", ("BUDDY_EXECUTION_ID",)),
    ("ci", ("CIRRUS_BUILD_ID",)),
    # Google Cloud Build passes its substitutions on with `automapSubstitutions: true`.
    ("gc", ("PROJECT_ID", "BUILD_ID")),
    ("gc", ("BUILDER_OUTPUT", "BUILD_ID")),
)


def ci_id(environment: Mapping[str, str], checkout: str, call: str) -> str | None:
    """Identify the CI run in letters and digits; outside CI, the checkout (its absolute path).

    None in an unknown CI system. `call` identifies this call of fastflow: under `act` nothing else differs.
    """
    if environment.get("ACT"):
        return "act" + _short([call])
    if environment.get("CI_PROJECT_ID") and environment.get("GITLAB_CI") == "false":  # gitlab-ci-local says so
        begun = environment.get("CI_PIPELINE_CREATED_AT", "")
        return "glc" + _short([environment.get("CI_PROJECT_PATH", ""), begun, checkout] if begun else [call])
    for mark, names in _SYSTEMS:
        values = [environment.get(name, "") for name in names]
        if all(values):
            return mark + _short(values)
    # The Jenkins command line uses JENKINS_URL on developers' machines too.
    is_ci = _says_yes(environment, "CI") or ci_system(environment) not in (None, "jenkins")
    return None if is_ci else "local" + _short([checkout])


def _short(values: list[str]) -> str:
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:12]


# The variable by which programs detect each system; the last one stands for all others.
_MARKS: tuple[tuple[str, str], ...] = (
    ("GITHUB_ACTIONS", "github"),
    ("GITLAB_CI", "gitlab"),
    ("TF_BUILD", "azure"),
    ("TEAMCITY_VERSION", "teamcity"),
    ("JENKINS_URL", "jenkins"),
    ("CIRCLECI", "circleci"),
    ("BUILDKITE", "buildkite"),
    ("BITBUCKET_BUILD_NUMBER", "bitbucket"),
    ("bamboo_buildNumber", "bamboo"),
    *((variable, "other") for variable in ("TRAVIS", "APPVEYOR", "CODEBUILD_BUILD_ARN", "BUILDER_OUTPUT", "SEMAPHORE")),
    *((variable, "other") for variable in ("CF_BUILD_ID", "BUDDY", "CIRRUS_CI", "DRONE", "CI")),
)


def ci_system(environment: Mapping[str, str]) -> str | None:
    """Name the CI system whose log this is; None outside of CI."""
    for variable, name in _MARKS:
        if _says_yes(environment, variable):
            return name
    return None


def _says_yes(environment: Mapping[str, str], variable: str) -> bool:
    return environment.get(variable, "").lower() not in ("", "false", "0")
