"""What engines say of themselves, and what follows: the version in paths, and Podman's names of images."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from fastflow.engines.api import NEWEST_API, EngineApi
from fastflow.engines.calls import Calls
from fastflow.engines.connection import SocketRoute
from fastflow.engines.docker import DockerEngine
from fastflow.engines.docker_api import DockerApi
from fastflow.engines.inspection import container_of, event_of
from fastflow.errors import EngineError

NEWEST = ".".join(map(str, NEWEST_API))
PODMAN = {"Api-Version": "1.41", "Libpod-API-Version": "4.3.1"}
TAKEN = 'creating container storage: the container name "x" is already in use by 4f429. You have to remove it'


class Engine(ThreadingUnixStreamServer):
    """Answers `/_ping` with `greeting` as headers, or refuses; GET with `told`; refuses POST."""

    daemon_threads = True

    def __init__(self, path: Path, greeting: Mapping[str, str] | None, told: Any, refusal: tuple[int, str]) -> None:
        super().__init__(str(path), _Handler)
        self.greeting, self.told, self.refusal = greeting, told, refusal
        self.paths: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        if self.path != "/_ping":
            self._answer(200, self.server.told)
        elif self.server.greeting is None:
            self._answer(403, {"message": "forbidden"})
        else:
            self._answer(200, "OK", **self.server.greeting)

    def do_POST(self) -> None:
        status, message = self.server.refusal
        self._answer(status, {"message": message})

    def _answer(self, status: int, told: Any, **headers: str) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "socket"


@contextmanager
def engine(
    path: Path, greeting: Mapping[str, str] | None, told: Any = (), refusal: tuple[int, str] = (500, "no")
) -> Iterator[tuple[Engine, DockerApi]]:
    with Engine(path / "docker.sock", greeting, told, refusal) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server, DockerApi(EngineApi(SocketRoute(str(path / "docker.sock")), Calls(), 10.0))
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("greeting", "prefix"),
    [
        ({"Api-Version": "1.41"}, "/v1.41"),
        ({"Api-Version": "1.9"}, "/v1.9"),
        ({"Api-Version": "1.1000"}, f"/v{NEWEST}"),
        ({"Api-Version": "2.0"}, f"/v{NEWEST}"),
        ({"Api-Version": "none"}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_paths_carry_the_older_of_the_engines_version_and_the_newest_tried(
    greeting: Mapping[str, str] | None, prefix: str, tmp_path: Path
) -> None:
    with engine(tmp_path, greeting) as (server, daemon):
        daemon.networks({})
        daemon.subnets()
    assert [path.partition("?")[0] for path in server.paths] == ["/_ping", f"{prefix}/networks", f"{prefix}/networks"]


FULL = ["localhost/made:1", "docker.io/library/redis:7", "ghcr.io/team/app:2", "<none>:<none>"]


@pytest.mark.parametrize(
    ("greeting", "names"),
    [
        (PODMAN, ("made:1", "redis:7", "ghcr.io/team/app:2")),
        ({"Api-Version": "1.51"}, ("localhost/made:1", "redis:7", "ghcr.io/team/app:2")),
    ],
)
def test_images_have_the_names_that_they_were_given(
    greeting: Mapping[str, str], names: tuple[str, ...], tmp_path: Path
) -> None:
    with engine(tmp_path, greeting, [{"Id": "sha256:1", "RepoTags": FULL}]) as (_, daemon):
        assert daemon.images({}) == names


def test_podman_has_one_name_although_it_makes_up_ids(tmp_path: Path) -> None:
    told = {"ID": "b7f1", "Name": "ci-1", "DockerRootDir": "/var/lib/containers/storage"}
    with engine(tmp_path, PODMAN, told) as (_, podman):
        assert podman.identity() == "ci-1 /var/lib/containers/storage"


@pytest.mark.parametrize(("status", "ended"), [("stopped", True), ("exited", True), ("stopping", False)])
def test_a_container_that_podman_calls_stopped_has_ended(status: str, ended: bool) -> None:
    entry = {"Id": "c", "Name": "c", "State": {"Status": status}, "Config": {}}
    assert container_of(entry).has_ended == ended


def test_a_container_that_podman_removed_is_destroyed() -> None:
    event = event_of('{"Action": "remove", "Actor": {"ID": "c", "Attributes": {}}}')
    assert event is not None
    assert event.action == "destroy"


@pytest.mark.parametrize(
    ("version", "compose", "refusal"),
    [
        ("28.5.2", "2.24.6", "Docker Compose 2.24.6 is too old for Docker Engine 28.5.2; 2.24.7 or newer is needed"),
        ("25.0.0", "2.24.6", "Docker Compose 2.24.6 is too old for Docker Engine 25.0.0; 2.24.7 or newer is needed"),
        ("24.0.9", "2.24.6", None),
        ("28.5.2", "2.24.7", None),
        ("4.3.1", "2.24.6", None),
    ],
)
def test_a_compose_that_loses_networks_on_newer_engines_is_refused(
    version: str, compose: str, refusal: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 2.24.6 it connects a container of several networks to one of them where the API is 1.44 or newer."""
    monkeypatch.setattr("fastflow.engines.client_config._SYSTEM_PLUGINS", ())
    client = tmp_path / "docker"
    client.write_text(f"#!/bin/sh\necho {compose}\n")
    client.chmod(0o755)
    with engine(tmp_path, {"Api-Version": "1.41"}, {"Version": version}) as _:
        address = f"unix://{tmp_path}/docker.sock"
        client_of = DockerEngine({"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "DOCKER_HOST": address})
        if refusal is None:
            assert client_of.info().compose_version == compose
        else:
            with pytest.raises(EngineError) as caught:
                client_of.info()
            assert caught.value.message == refusal


@pytest.mark.parametrize("status", [409, 500])
def test_a_name_that_podman_calls_taken_is_taken(status: int, tmp_path: Path) -> None:
    running = {"State": {"Status": "running"}}
    with engine(tmp_path, PODMAN, running, (status, TAKEN)) as (_, daemon):
        assert daemon.hold("x", "image", {}) is None
