"""Well-known variables of CI systems whose values are not alphanumeric, each with its system and its form."""

from collections.abc import Iterator, Mapping

_BRANCH = "a branch name"
_TAG = "a tag name"
_REF = "a branch or tag name"
_PATH = "OWNER/NAME"
_NAME = "a free-form name"
_SLUG = "a name with dashes"
_UUID = "a UUID with dashes"
_BRACED = "a UUID in braces"
_KEYS = "keys joined by dashes"
_URL = "a URL"
_TEXT = "free-form text"
_TIME = "a time with dashes and colons"

_VARIABLES: Mapping[str, Mapping[str, str]] = {
    "Jenkins": {
        "jenkins-JOB-NUMBER": "BUILD_TAG",
        "#NUMBER": "BUILD_DISPLAY_NAME",
        "may contain slashes and spaces": "JOB_NAME",
        "may be built-in or free-form": "NODE_NAME",
        "words separated by spaces": "NODE_LABELS",
        _NAME: "JOB_BASE_NAME STAGE_NAME",
        _BRANCH: "BRANCH_NAME GIT_BRANCH GIT_LOCAL_BRANCH CHANGE_BRANCH CHANGE_TARGET",
        _TAG: "TAG_NAME",
        _URL: "BUILD_URL JOB_URL JENKINS_URL GIT_URL RUN_DISPLAY_URL CHANGE_URL",
    },
    "CircleCI": {
        _UUID: "CIRCLE_WORKFLOW_ID CIRCLE_WORKFLOW_JOB_ID CIRCLE_WORKFLOW_WORKSPACE_ID CIRCLE_PIPELINE_ID"
        " CIRCLE_PROJECT_ID CIRCLE_ORGANIZATION_ID",
        _BRANCH: "CIRCLE_BRANCH",
        _TAG: "CIRCLE_TAG",
        _NAME: "CIRCLE_JOB CIRCLE_USERNAME CIRCLE_PROJECT_USERNAME",
        "a repository's name": "CIRCLE_PROJECT_REPONAME",
        _URL: "CIRCLE_BUILD_URL CIRCLE_REPOSITORY_URL CIRCLE_PULL_REQUEST",
    },
    "Bamboo": {
        _KEYS: "bamboo_buildKey bamboo_buildResultKey bamboo_planKey",
        _NAME: "bamboo_planName bamboo_buildPlanName bamboo_shortPlanName bamboo_shortJobName"
        " bamboo_planRepository_name",
        _BRANCH: "bamboo_planRepository_branchName bamboo_planRepository_branch bamboo_repository_branch_name",
        _URL: "bamboo_resultsUrl bamboo_buildResultsUrl",
    },
    "GitLab CI": {
        "a branch name with dashes": "CI_COMMIT_REF_SLUG",
        _BRANCH: "CI_COMMIT_REF_NAME CI_COMMIT_BRANCH CI_DEFAULT_BRANCH CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"
        " CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        _TAG: "CI_COMMIT_TAG",
        _TIME: "CI_COMMIT_TIMESTAMP CI_PIPELINE_CREATED_AT CI_JOB_STARTED_AT",
        _NAME: "CI_JOB_NAME CI_JOB_STAGE CI_PIPELINE_NAME CI_ENVIRONMENT_NAME CI_PROJECT_TITLE CI_RUNNER_DESCRIPTION",
        _TEXT: "CI_COMMIT_TITLE CI_COMMIT_MESSAGE CI_COMMIT_DESCRIPTION CI_COMMIT_AUTHOR CI_MERGE_REQUEST_TITLE"
        " GITLAB_USER_NAME",
        "a project's name": "CI_PROJECT_NAME",
        "a path with slashes": "CI_PROJECT_PATH CI_PROJECT_NAMESPACE CI_REGISTRY_IMAGE CI_PROJECT_DIR",
        "a path with dashes": "CI_PROJECT_PATH_SLUG",
        _SLUG: "CI_JOB_NAME_SLUG CI_ENVIRONMENT_SLUG",
        "a word with an underscore, for some events": "CI_PIPELINE_SOURCE",
        _URL: "CI_PIPELINE_URL CI_JOB_URL CI_PROJECT_URL",
    },
    "GitHub Actions": {
        _REF: "GITHUB_REF_NAME",
        "refs/heads/NAME": "GITHUB_REF",
        _BRANCH: "GITHUB_HEAD_REF GITHUB_BASE_REF",
        _PATH: "GITHUB_REPOSITORY",
        _NAME: "GITHUB_WORKFLOW RUNNER_NAME",
        _SLUG: "GITHUB_ACTOR GITHUB_TRIGGERING_ACTOR GITHUB_REPOSITORY_OWNER",
        "may contain dashes and underscores": "GITHUB_JOB GITHUB_ACTION",
        "a word with an underscore, for some events": "GITHUB_EVENT_NAME",
        "OWNER/NAME/PATH@REF": "GITHUB_WORKFLOW_REF",
    },
    "Buildkite": {
        _UUID: "BUILDKITE_BUILD_ID BUILDKITE_JOB_ID BUILDKITE_STEP_ID BUILDKITE_AGENT_ID BUILDKITE_PIPELINE_ID",
        _BRANCH: "BUILDKITE_BRANCH BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        _TAG: "BUILDKITE_TAG",
        _SLUG: "BUILDKITE_PIPELINE_SLUG BUILDKITE_ORGANIZATION_SLUG BUILDKITE_STEP_KEY BUILDKITE_AGENT_NAME",
        _NAME: "BUILDKITE_PIPELINE_NAME BUILDKITE_LABEL BUILDKITE_GROUP_LABEL",
        _TEXT: "BUILDKITE_MESSAGE",
        _URL: "BUILDKITE_BUILD_URL BUILDKITE_REPO",
    },
    "Bitbucket Pipelines": {
        _BRANCH: "BITBUCKET_BRANCH BITBUCKET_PR_DESTINATION_BRANCH",
        _TAG: "BITBUCKET_TAG",
        "a repository's name": "BITBUCKET_REPO_SLUG",
        _PATH: "BITBUCKET_REPO_FULL_NAME",
        _SLUG: "BITBUCKET_WORKSPACE BITBUCKET_REPO_OWNER BITBUCKET_DEPLOYMENT_ENVIRONMENT",
        _BRACED: "BITBUCKET_PIPELINE_UUID BITBUCKET_STEP_UUID BITBUCKET_REPO_UUID BITBUCKET_PROJECT_UUID"
        " BITBUCKET_STEP_TRIGGERER_UUID BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID",
    },
    "Azure Pipelines": {
        "by default a date with a dot": "BUILD_BUILDNUMBER",
        "refs/heads/NAME": "BUILD_SOURCEBRANCH SYSTEM_PULLREQUEST_SOURCEBRANCH SYSTEM_PULLREQUEST_TARGETBRANCH",
        _BRANCH: "BUILD_SOURCEBRANCHNAME SYSTEM_PULLREQUEST_TARGETBRANCHNAME",
        _UUID: "SYSTEM_JOBID SYSTEM_TEAMPROJECTID SYSTEM_COLLECTIONID SYSTEM_PLANID SYSTEM_TIMELINEID"
        " BUILD_REPOSITORY_ID",
        _NAME: "SYSTEM_TEAMPROJECT BUILD_DEFINITIONNAME BUILD_REPOSITORY_NAME BUILD_REQUESTEDFOR AGENT_NAME"
        " AGENT_JOBNAME AGENT_MACHINENAME SYSTEM_JOBDISPLAYNAME SYSTEM_STAGEDISPLAYNAME",
        "may contain underscores": "SYSTEM_JOBNAME SYSTEM_STAGENAME SYSTEM_PHASENAME",
        _TEXT: "BUILD_SOURCEVERSIONMESSAGE",
        _URL: "BUILD_URI",
    },
    "TeamCity": {
        _NAME: "TEAMCITY_PROJECT_NAME TEAMCITY_BUILDCONF_NAME",
        "a number with dots and words": "TEAMCITY_VERSION",
    },
    "Drone": {
        _BRANCH: "DRONE_BRANCH DRONE_SOURCE_BRANCH DRONE_TARGET_BRANCH DRONE_COMMIT_BRANCH",
        _TAG: "DRONE_TAG",
        "refs/heads/NAME": "DRONE_COMMIT_REF",
        _PATH: "DRONE_REPO",
        "a repository's name": "DRONE_REPO_NAME",
        _SLUG: "DRONE_REPO_OWNER DRONE_REPO_NAMESPACE",
        _NAME: "DRONE_STAGE_NAME DRONE_STEP_NAME",
        _URL: "DRONE_BUILD_LINK",
    },
    "Woodpecker": {
        _PATH: "CI_REPO",
        "a repository's name": "CI_REPO_NAME",
        _SLUG: "CI_REPO_OWNER",
        _BRANCH: "CI_COMMIT_SOURCE_BRANCH CI_COMMIT_TARGET_BRANCH",
        "refs/heads/NAME": "CI_COMMIT_REF",
        _NAME: "CI_WORKFLOW_NAME CI_STEP_NAME",
    },
    "Travis CI": {
        _BRANCH: "TRAVIS_BRANCH TRAVIS_PULL_REQUEST_BRANCH",
        _TAG: "TRAVIS_TAG",
        _PATH: "TRAVIS_REPO_SLUG TRAVIS_PULL_REQUEST_SLUG",
        "NUMBER.NUMBER": "TRAVIS_JOB_NUMBER",
        _NAME: "TRAVIS_JOB_NAME TRAVIS_BUILD_STAGE_NAME",
        _TEXT: "TRAVIS_COMMIT_MESSAGE",
        "two commits with dots between": "TRAVIS_COMMIT_RANGE",
        _URL: "TRAVIS_BUILD_WEB_URL TRAVIS_JOB_WEB_URL",
    },
    "AppVeyor": {
        "a version with dots": "APPVEYOR_BUILD_VERSION",
        _BRANCH: "APPVEYOR_REPO_BRANCH APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH",
        _TAG: "APPVEYOR_REPO_TAG_NAME",
        _PATH: "APPVEYOR_REPO_NAME",
        _SLUG: "APPVEYOR_PROJECT_SLUG",
        _NAME: "APPVEYOR_PROJECT_NAME APPVEYOR_JOB_NAME APPVEYOR_ACCOUNT_NAME",
    },
    "AWS CodeBuild": {
        "PROJECT:UUID": "CODEBUILD_BUILD_ID",
        "arn:aws:...": "CODEBUILD_BUILD_ARN",
        _UUID: "CODEBUILD_LOG_PATH",
        "may contain slashes": "CODEBUILD_SOURCE_VERSION CODEBUILD_INITIATOR CODEBUILD_WEBHOOK_TRIGGER",
        "refs/heads/NAME": "CODEBUILD_WEBHOOK_HEAD_REF CODEBUILD_WEBHOOK_BASE_REF",
        _URL: "CODEBUILD_BUILD_URL CODEBUILD_SOURCE_REPO_URL",
    },
    "Google Cloud Build": {
        _REF: "REF_NAME",
        _PATH: "REPO_FULL_NAME",
        _SLUG: "TRIGGER_NAME",
        _BRANCH: "_HEAD_BRANCH _BASE_BRANCH",
    },
    "Semaphore": {
        _UUID: "SEMAPHORE_WORKFLOW_ID SEMAPHORE_PIPELINE_ID SEMAPHORE_JOB_ID SEMAPHORE_PROJECT_ID",
        _BRANCH: "SEMAPHORE_GIT_BRANCH SEMAPHORE_GIT_WORKING_BRANCH SEMAPHORE_GIT_PR_BRANCH",
        _TAG: "SEMAPHORE_GIT_TAG_NAME",
        "refs/heads/NAME": "SEMAPHORE_GIT_REF",
        _PATH: "SEMAPHORE_GIT_REPO_SLUG",
        "a repository's name": "SEMAPHORE_GIT_REPO_NAME",
        _NAME: "SEMAPHORE_PROJECT_NAME SEMAPHORE_JOB_NAME SEMAPHORE_BLOCK_NAME",
    },
    "Codefresh": {
        _BRANCH: "CF_BRANCH CF_BASE_BRANCH",
        "a branch name with dashes": "CF_BRANCH_TAG_NORMALIZED CF_BRANCH_TAG_NORMALIZED_LOWER_CASE",
        _SLUG: "CF_REPO_NAME CF_REPO_OWNER",
        _NAME: "CF_PIPELINE_NAME CF_BUILD_INITIATOR",
        _TEXT: "CF_COMMIT_MESSAGE",
        _URL: "CF_BUILD_URL CF_COMMIT_URL",
    },
    "Buddy": {
        _BRANCH: "BUDDY_EXECUTION_BRANCH BUDDY_RUN_BRANCH",
        _TAG: "BUDDY_EXECUTION_TAG BUDDY_RUN_TAG",
        "refs/heads/NAME": "BUDDY_EXECUTION_REFSPEC",
        _NAME: "BUDDY_PIPELINE_NAME BUDDY_PROJECT_NAME",
        _SLUG: "BUDDY_PROJECT_NAME_ID BUDDY_WORKSPACE_DOMAIN",
        _PATH: "BUDDY_REPO_SLUG",
        _URL: "BUDDY_EXECUTION_URL BUDDY_RUN_URL",
    },
    "Cirrus CI": {
        _BRANCH: "CIRRUS_BRANCH CIRRUS_BASE_BRANCH",
        _TAG: "CIRRUS_TAG",
        _PATH: "CIRRUS_REPO_FULL_NAME",
        _SLUG: "CIRRUS_REPO_OWNER",
        "a repository's name": "CIRRUS_REPO_NAME",
        _NAME: "CIRRUS_TASK_NAME",
    },
}


def _by_name() -> Iterator[tuple[str, str]]:
    for system, forms in _VARIABLES.items():
        for form, names in forms.items():
            yield from ((name, f"{system}: {form}") for name in names.split())


UNFIT_VARIABLES: Mapping[str, str] = dict(_by_name())
"""By their names: the system, and the form of the value."""
