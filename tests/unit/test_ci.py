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
    "Travis": ({"TRAVIS": "true", "CI": "true", "TRAVIS_BUILD_ID": "1"}, "TRAVIS_BUILD_ID"),
    "AppVeyor": ({"APPVEYOR": "True", "CI": "True", "APPVEYOR_BUILD_ID": "1"}, "APPVEYOR_BUILD_ID"),
    "CodeBuild": ({"CODEBUILD_BUILD_ID": "p:a-b", "CODEBUILD_BUILD_ARN": "arn:x"}, "CODEBUILD_BUILD_ID"),
    "Semaphore": ({"SEMAPHORE": "true", "CI": "true", "SEMAPHORE_WORKFLOW_ID": "a-b"}, "SEMAPHORE_WORKFLOW_ID"),
    "Codefresh": ({"CI": "true", "CF_BUILD_ID": "5f0"}, "CF_BUILD_ID"),
    "Buddy": ({"BUDDY": "true", "CI": "true", "BUDDY_EXECUTION_ID": "1"}, "BUDDY_EXECUTION_ID"),
    "Cirrus": ({"CIRRUS_CI": "true", "CI": "true", "CIRRUS_BUILD_ID": "1"}, "CIRRUS_BUILD_ID"),
    "Cloud Build": ({"PROJECT_ID": "p-1", "BUILD_ID": "a-b"}, "BUILD_ID"),
    "Cloud Build, a step": ({"BUILDER_OUTPUT": "/builder/outputs", "BUILD_ID": "a-b"}, "BUILD_ID"),
    "Drone": ({"DRONE": "true", "DRONE_REPO": "o/r", "DRONE_BUILD_NUMBER": "1"}, "DRONE_BUILD_NUMBER"),
}
OF_ONE_JOB = {
    "CI_JOB_ID": "2", "GITHUB_JOB": "x", "GITHUB_RUN_ATTEMPT": "2", "CIRCLE_BUILD_NUM": "3", "SYSTEM_JOBID": "4",
    "BUILDKITE_JOB_ID": "5", "CI_NODE_INDEX": "1", "STAGE_NAME": "x", "CIRCLE_NODE_INDEX": "1", "HOSTNAME": "runner",
}  # fmt: skip


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_id_is_of_the_run_and_not_of_the_job_the_checkout_or_the_call(name: str) -> None:
    environment, run = SYSTEMS[name]
    found = ci_id(environment, "/a", "1")
    assert found
    assert found.isascii()
    assert found.isalnum()
    assert found == ci_id({**environment, **OF_ONE_JOB}, "/b", "2")
    assert found != ci_id({**environment, run: "other"}, "/a", "1")
    assert not found.startswith("local")


def test_two_systems_never_share_an_id() -> None:
    assert len({ci_id(environment, "/a", "1") for environment, _ in SYSTEMS.values()}) == len(SYSTEMS)


def test_outside_ci_there_is_one_id_for_each_checkout() -> None:
    assert ci_id({}, "/a", "1") == ci_id({"HOME": "/root"}, "/a", "2") != ci_id({}, "/b", "1")
    assert str(ci_id({}, "/a", "1")).isalnum()
    for outside in ({"GITHUB_RUN_ID": ""}, {"CI": "false"}, {"CI": ""}, {"JENKINS_URL": "http://j/"}):
        assert ci_id(outside, "/a", "1") == ci_id({}, "/a", "1")


@pytest.mark.parametrize(
    "environment",
    [
        {"CI": "true"},
        {"CI": "1", "BUILD_NUMBER": "7"},
        {"CI": "true", "JENKINS_URL": "http://j/"},
        {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r"},
        {"TRAVIS": "true"},
        {"BUILDER_OUTPUT": "/builder/outputs"},
    ],
)
def test_in_a_ci_system_that_does_not_say_which_run_it_is_there_is_no_id(environment: dict[str, str]) -> None:
    assert ci_id(environment, "/a", "1") is None


def test_where_a_ci_system_is_played_locally_each_call_is_a_run_of_its_own() -> None:
    act = {"ACT": "true", **SYSTEMS["GitHub Actions"][0]}
    played = {"CI": "true", "GITLAB_CI": "false", "CI_PROJECT_ID": "1217", "CI_PIPELINE_ID": "1000"}
    for environment in (act, played):
        found = ci_id(environment, "/a", "1")
        assert found
        assert found.isalnum()
        assert found != ci_id(environment, "/a", "2")
    # What gitlab-ci-local says of when it was called is the same in all jobs.
    called = {**played, "CI_PIPELINE_CREATED_AT": "2026-01-01T00:00:00Z"}
    assert ci_id(called, "/a", "1") == ci_id(called, "/a", "2") != ci_id(called, "/b", "1")
    assert ci_id(called, "/a", "1") != ci_id({**called, "CI_PIPELINE_CREATED_AT": "2026-01-01T00:01:00Z"}, "/a", "1")


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
        ({"TRAVIS": "true"}, "other"),
        ({"CODEBUILD_BUILD_ARN": "arn:x"}, "other"),
        ({"CI": "false", "GITHUB_ACTIONS": ""}, None),
        ({"CI": "0"}, None),
    ],
)
def test_system_is_known_by_what_it_sets(environment: dict[str, str], name: str | None) -> None:
    assert ci_system(environment) == name
