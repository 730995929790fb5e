"""Docker's own settings: what is wrong with them, and where it is said."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from fastflow.doctor.checks import checks_of
from fastflow.doctor.examination import Answer, examine
from fastflow.engines.client_config import fault_of, proxy_variables, settings_of, uses_default_context
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineCallError
from tests.fakes.engine import FakeEngine
from tests.unit.engines.command_lines import compose
from tests.waiting import PATIENCE


class Engine(FakeEngine):
    """A fake engine with a disk."""

    def root(self) -> str:
        return "/"


def environment(tmp_path: Path, settings: Any, *commands: str) -> dict[str, str]:
    """An environment with these settings, as JSON or as written, and these commands."""
    text = settings if isinstance(settings, str) else json.dumps(settings)
    (tmp_path / "config.json").write_text(text)
    for name in commands:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return {"DOCKER_CONFIG": str(tmp_path), "PATH": str(tmp_path)}


@pytest.mark.parametrize(
    ("settings", "said", "hint"),
    [
        ("{broken", "is not JSON: ", "fix it: until then"),
        ("[]", "is not a JSON object", "fix it: until then"),
        (
            {"credsStore": "desktop"},
            "docker-credential-desktop, which credsStore in ",
            "install docker-credential-desk",
        ),
        ({"credHelpers": {"gcr.io": "gcloud"}}, "docker-credential-gcloud, which credHelpers.gcr.io in ", "install "),
    ],
)
def test_a_fault_of_the_settings_is_named_with_the_file(tmp_path: Path, settings: Any, said: str, hint: str) -> None:
    fault = fault_of(environment(tmp_path, settings))
    assert fault is not None
    assert said in fault.message
    assert str(tmp_path / "config.json") in fault.message
    assert (fault.hint or "").startswith(hint)


@pytest.mark.parametrize(
    "settings", ["", "{}", {"auths": {}, "credsStore": ""}, {"credsStore": "pass", "credHelpers": {"a": "pass"}}]
)
def test_settings_without_fault(tmp_path: Path, settings: Any) -> None:
    assert fault_of(environment(tmp_path, settings, "docker-credential-pass")) is None


def test_no_settings_at_all_are_fine_and_a_directory_in_their_place_is_no_bug(tmp_path: Path) -> None:
    assert fault_of({"DOCKER_CONFIG": str(tmp_path)}) is None
    (tmp_path / "config.json").mkdir()
    fault = fault_of({"DOCKER_CONFIG": str(tmp_path)})
    assert fault is not None
    assert "cannot be read: is a directory" in fault.message
    assert settings_of({"DOCKER_CONFIG": str(tmp_path)}) is None
    assert not uses_default_context({"DOCKER_CONFIG": str(tmp_path)})


def test_doctor_says_it(tmp_path: Path) -> None:
    fault = fault_of(environment(tmp_path, {"credsStore": "desktop"}))
    assert fault is not None
    answers = examine(list(checks_of(None, {"": cast(DockerEngine, Engine())}, {}, emulator_image="e:1", client=fault)))
    assert answers[0] == Answer("client", fault.message, fault.hint)


def test_a_pull_that_fails_without_the_credential_helper_says_so(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"credsStore": "desktop"}')
    private = compose(tmp_path, 'echo "Error response from daemon: pull access denied for a" >&2; exit 1')
    with pytest.raises(EngineCallError, match="pull access denied for a") as caught:
        private.pull("registry.example/a:1", PATIENCE)
    assert (caught.value.hint or "").startswith("install docker-credential-desktop, or remove credsStore")


@pytest.mark.parametrize("platform", [None, "linux/amd64"])
def test_a_pull_is_for_the_platform_that_is_asked_for(tmp_path: Path, platform: str | None) -> None:
    private = compose(tmp_path, 'echo "asked: $*" >&2; exit 1')
    with pytest.raises(EngineCallError) as caught:
        private.pull("a:1", PATIENCE, platform)
    assert ("--platform=linux/amd64" in caught.value.output) == (platform is not None)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ()),
        ({"proxies": {}}, ()),
        ({"proxies": [1]}, ()),
        ({"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": ""}}}, ("HTTP_PROXY", "http_proxy")),
        (
            {"proxies": {"default": {"noProxy": "app"}, "tcp://e:1": {"httpsProxy": "http://p:1", "other": "x"}}},
            ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
        ),
        ("not json", ()),
    ],
)
def test_what_docker_puts_into_containers_is_known_by_name(
    settings: Any, names: tuple[str, ...], tmp_path: Path
) -> None:
    assert proxy_variables(environment(tmp_path, settings)) == names


def test_a_pull_that_fails_for_another_reason_keeps_its_hint(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"credsStore": "desktop"}')
    away = compose(tmp_path, 'echo "Error response from daemon: dial tcp: lookup a: no such host" >&2; exit 1')
    with pytest.raises(EngineCallError) as caught:
        away.pull("registry.example/a:1", PATIENCE)
    assert (caught.value.hint or "").startswith("the registry cannot be reached")
