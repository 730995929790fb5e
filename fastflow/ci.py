"""What CI systems say of the run that fastflow is in: which system it is, and an id of letters and digits."""

import hashlib
from collections.abc import Mapping

# Each system: its mark, and the variables that are equal in all jobs of a run, also when some are run again.
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
)


def ci_id(environment: Mapping[str, str], checkout: str) -> str:
    """Identify the CI run in letters and digits; outside CI, the checkout (its absolute path)."""
    for mark, names in _SYSTEMS:
        values = [environment.get(name, "") for name in names]
        if all(values):
            return mark + _short(values)
    return "local" + _short([checkout])


def _short(values: list[str]) -> str:
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:12]


# What each system sets to tell programs of itself; the last stands for all others that say that they are one.
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
    ("CI", "other"),
)


def ci_system(environment: Mapping[str, str]) -> str | None:
    """Name the CI system whose log this is; None outside of CI."""
    for variable, name in _MARKS:
        if environment.get(variable, "").lower() not in ("", "false", "0"):
            return name
    return None
