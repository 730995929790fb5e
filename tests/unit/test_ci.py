"""Which CI system it is; the id of a CI run: letters and digits, equal in all jobs of a run, different for another."""

import pytest

from fastflow.ci import ci_id, ci_system

SYSTEMS: dict[str, tuple[dict[str, str], str]] = {
    "GitHub Actions": ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "1"}, "GITHUB_RUN_ID"),
    "GitLab CI": ({"GITLAB_CI": "true", "CI_PROJECT_ID": "1", "CI_PIPELINE_ID": "1"}, "CI_PIPELINE_ID"),
    "Jenkins": ({"JENKINS_URL": "http://j/", "JOB_NAME": "a/b", "BUILD_NUMBER": "1"}, "BUILD_NUMBER"),
    "CircleCI": ({"CIRCLECI": "true", "CIRCLE_WORKFLOW_ID": "a-b"}, "CIRCLE_WORKFLOW_ID"),
    "Azure Pipelines": ({"TF_BUILD": "True", "SYSTEM_TEAMPROJECTID": "x", "BUILD_BUILDID": "1"}, "BUILD_BUILDID"),
    "Bamboo": ({"bamboo_planKey": "P", "bamboo_buildNumber": "1"}, "bamboo_buildNumber"),
    "Bitbucket": ({"BITBUCKET_REPO_UUID": "{x}", "BITBUCKET_BUILD_NUMBER": "1"}, "BITBUCKET_BUILD_NUMBER"),
    "Buildkite": ({"BUILDKITE_BUILD_ID": "a-b"}, "BUILDKITE_BUILD_ID"),
    "TeamCity": ({"TEAMCITY_VERSION": "1", "TEAMCITY_PROJECT_NAME": "p", "BUILD_NUMBER": "1"}, "BUILD_NUMBER"),
    "Woodpecker": ({"CI": "woodpecker", "CI_REPO": "o/r", "CI_PIPELINE_NUMBER": "1"}, "CI_PIPELINE_NUMBER"),
    "Drone": ({"DRONE": "true", "DRONE_REPO": "o/r", "DRONE_BUILD_NUMBER": "1"}, "DRONE_BUILD_NUMBER"),
}
OF_ONE_JOB = {
    "CI_JOB_ID": "2", "GITHUB_JOB": "x", "GITHUB_RUN_ATTEMPT": "2", "CIRCLE_BUILD_NUM": "3", "SYSTEM_JOBID": "4",
    "BUILDKITE_JOB_ID": "5", "CI_NODE_INDEX": "1", "STAGE_NAME": "x", "CIRCLE_NODE_INDEX": "1", "HOSTNAME": "runner",
}  # fmt: skip


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_id_is_of_the_run_and_not_of_the_job_or_the_checkout(name: str) -> None:
    environment, run = SYSTEMS[name]
    found = ci_id(environment, "/a")
    assert found.isascii()
    assert found.isalnum()
    assert found == ci_id({**environment, **OF_ONE_JOB}, "/b")
    assert found != ci_id({**environment, run: "other"}, "/a")
    assert not found.startswith("local")


def test_two_systems_never_share_an_id() -> None:
    assert len({ci_id(environment, "/a") for environment, _ in SYSTEMS.values()}) == len(SYSTEMS)


def test_outside_ci_there_is_one_id_for_each_checkout() -> None:
    assert ci_id({}, "/a") == ci_id({"HOME": "/root"}, "/a") != ci_id({}, "/b")
    assert ci_id({}, "/a").isalnum()
    assert ci_id({"GITHUB_RUN_ID": ""}, "/a") == ci_id({}, "/a")


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, None),
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, "github"),
        ({"GITLAB_CI": "true", "CI": "true"}, "gitlab"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"TEAMCITY_VERSION": "2024.1"}, "teamcity"),
        ({"JENKINS_URL": "http://j/"}, "jenkins"),
        ({"BUILDKITE": "true", "CI": "true"}, "buildkite"),
        ({"CI": "woodpecker"}, "other"),
        ({"CI": "false", "GITHUB_ACTIONS": ""}, None),
        ({"CI": "0"}, None),
    ],
)
def test_system_is_known_by_what_it_sets(environment: dict[str, str], name: str | None) -> None:
    assert ci_system(environment) == name
