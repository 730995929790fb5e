"""The login for an image's registry, as it goes to the engine with a service."""

import base64
import json
from pathlib import Path

import pytest

from fastflow.engines.client_config import registry_login

AUTHS = {
    "registry.example": {"auth": base64.b64encode(b"me:pa:ss").decode()},
    "localhost:5000": {"auth": base64.b64encode(b"you:pw").decode()},
    "https://index.docker.io/v1/": {"auth": base64.b64encode(b"hub:pw").decode()},
    "broken.example": {"auth": "not base64"},
    "helper.example": {},
}


@pytest.mark.parametrize(
    ("image", "login"),
    [
        ("registry.example/fastflow-agent:1", ("me", "pa:ss", "registry.example")),
        ("localhost:5000/agent", ("you", "pw", "localhost:5000")),
        ("fastflow-agent:1", ("hub", "pw", "https://index.docker.io/v1/")),
        ("me/fastflow-agent:1", ("hub", "pw", "https://index.docker.io/v1/")),
        ("broken.example/agent", None),
        ("helper.example/agent", None),
        ("other.example/agent", None),
    ],
)
def test_the_registry_of_an_image_gets_its_own_login(
    tmp_path: Path, image: str, login: tuple[str, str, str] | None
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": AUTHS}))
    header = registry_login({"DOCKER_CONFIG": str(tmp_path)}, image)
    told = json.loads(base64.urlsafe_b64decode(header)) if header else None
    expected = dict(zip(("username", "password", "serveraddress"), login, strict=True)) if login else None
    assert told == expected


def test_without_settings_there_is_no_login(tmp_path: Path) -> None:
    assert registry_login({"DOCKER_CONFIG": str(tmp_path)}, "registry.example/agent") is None
