"""What is looked at before a run: at once, within a limit, each ok or with what to do."""

import socket
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from fastflow.doctor import engine_checks
from fastflow.doctor.checks import checks_of, look_at_api
from fastflow.doctor.cluster_checks import look_at_cluster
from fastflow.doctor.examination import Answer, Check, examine
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineCallError, EngineError
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from tests.fakes.cluster import FakeCluster
from tests.fakes.engine import FakeEngine


class Engine(FakeEngine):
    """A fake engine with a disk."""

    directory = "/"

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.registry: dict[str, str] = {}
        """Why images cannot be had, by image."""

        self.cli = self

    def require_manifest(self, image: str, *, is_insecure: bool = False) -> None:
        self.calls.append(f"manifest inspect {'--insecure ' if is_insecure else ''}{image}")
        if image in self.registry and not is_insecure:
            raise EngineCallError(self.registry[image])

    def root(self) -> str:
        return self.directory

    def run(self, image: str, command: Iterable[str]) -> tuple[str, ...]:
        self.calls.append(f"run {image} {' '.join(command)}")
        return (self.directory,)


def as_docker(engine: Engine) -> DockerEngine:
    """Pass it off as an engine of Docker's."""
    return cast(DockerEngine, engine)


SPEC = """
cloud: { token: $FAST_TOKEN, api_host: "127.0.0.1:9", use_ssl: false }
workflows:
  web:
    build_id: 1
    compose: { services: { app: { image: app, ports: ["PORT:80"] } } }
    nodes:
      record: { mode: recording, image: "mirror.example/fast:2", ports: ["18080:8080"], source: { run: "true" } }
"""


def planned(port: int) -> Plan:
    text = SPEC.replace("PORT", str(port)).encode()
    (facts,) = check([SpecText("fastflow.yml", Path(), text)], None).specs
    return plan(facts, Path(), Selection())


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def told(engine: Engine, port: int, values: dict[str, str], image: str | None = None) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in examine(list(checks_of(planned(port), {"": as_docker(engine)}, values, emulator_image=image))):
        found.setdefault(answer.subject, []).append(answer)
    return found


def test_each_thing_that_is_not_as_it_must_be_has_an_advice(taken_port: int) -> None:
    found = told(Engine(images=["app"]), taken_port, {"FAST_TOKEN": ""})
    assert [answer.advice for answer in found["engine"] + found["compose"]] == [None, None]
    assert found["image"] == [
        Answer("image", "mirror.example/fast:2 is not on the engine yet; it will be pulled"),
        Answer("image", "app is on the engine"),
    ]
    ports = {answer.found: answer.advice for answer in found["port"]}
    assert ports[f"{taken_port}/tcp of service app is in use by something else on this machine"]
    assert ports["127.0.0.1:18080/tcp of web.record is free"] is None
    (token,) = found["token"]
    assert token.found == "FAST_TOKEN is not set"
    for said in ("set FAST_TOKEN", "Wallarm has archived FAST", "--emulate", "recorder: har and scanner: sarif"):
        assert said in (token.advice or ""), said
    assert "http://127.0.0.1:9 is out of reach" in found["api"][0].found


def test_the_token_is_never_shown_and_the_emulator_needs_no_cloud() -> None:
    found = told(Engine(images=["mirror.example/fast:2"]), 0, {"FAST_TOKEN": "s3cr3t"})
    assert found["token"] == [Answer("token", "FAST_TOKEN is set")]
    assert "s3cr3t" not in repr(found)
    emulated = told(Engine(images=[]), 0, {}, "emulator:1")
    assert set(emulated) == {"engine", "compose", "image", "port", "disk"}
    assert emulated["image"] == [
        Answer("image", "emulator:1 is not on the engine", "build it: fastflow emulator build")
    ]


def test_an_image_that_no_registry_has_is_told_from_one_that_will_be_pulled() -> None:
    engine = Engine(images=[])
    plain = "http: server gave HTTP response to HTTPS client"
    engine.registry = {"app": "no such manifest: app", "mirror.example/fast:2": plain}
    node, service = told(engine, 0, {"FAST_TOKEN": "t"})["image"]
    assert node == Answer("image", "mirror.example/fast:2 is not on the engine yet; it will be pulled")
    assert service.found == "app is not on the engine and cannot be pulled: no such manifest: app"
    assert service.advice == "check its name, and log in to its registry; try: docker pull app"


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ("s3cr3t\n", "ends with a newline"),
        ("s3cr3t\r\n", "ends with a carriage return"),
        (" s3cr3t", "begins with a space"),
        ("s3\x1bcr3t", "contains a control character"),
        ("\ufeffs3cr3t", "begins with a character that is not ASCII"),
    ],
)
def test_a_value_that_no_token_can_have_is_said_and_not_shown(token: str, fault: str) -> None:
    (answer,) = told(Engine(images=[]), 0, {"FAST_TOKEN": token})["token"]
    assert answer.found == f"FAST_TOKEN {fault}"
    assert answer.advice is not None
    assert "s3" not in repr(answer)


def test_an_engine_that_does_not_answer_is_said_once() -> None:
    engine = Engine()
    engine.faults["info"] = EngineError("no engine", "start it")
    assert examine(list(checks_of(None, {"": as_docker(engine)}, {}, emulator_image="e"))) == (
        Answer("engine", "no engine", "start it"),
    )


def test_what_is_of_a_host_names_it() -> None:
    found = examine(list(checks_of(None, {"far": as_docker(Engine())}, {}, emulator_image="e")))
    assert [answer.subject for answer in found] == [
        f"{one} of host far" for one in ("engine", "compose", "image", "disk")
    ]


def test_what_does_not_come_back_holds_up_nothing() -> None:
    forever = threading.Event()

    def hang() -> Iterator[Answer]:
        forever.wait()
        yield Answer("hung", "never")

    checks = [Check("hung", hang), Check("quick", lambda: [Answer("quick", "fine")])]
    first, second = examine(checks, limit=1.0)
    forever.set()
    assert (first.subject, first.found) == ("hung", "no answer within 1 s")
    assert first.advice
    assert second == Answer("quick", "fine")


def test_a_full_disk_is_told_where_it_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_checks, "LEAST_FREE", 10**18)
    (answer,) = engine_checks.look_at_disk(as_docker(Engine()), [])
    assert answer.advice == "free some space: docker system prune"
    engine = Engine(images=[])
    engine.directory = "/there/is/no/such/place"
    (answer,) = engine_checks.look_at_disk(as_docker(engine), ["i"])
    assert (answer.advice, "is unknown" in answer.found) == (None, True)


def test_any_answer_of_the_api_server_is_one() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:  # knows no GET: it answers with 501
        threading.Thread(target=server.handle_request, daemon=True).start()
        (answer,) = look_at_api(f"http://127.0.0.1:{server.server_port}")
    assert answer.advice is None


@pytest.mark.parametrize(
    ("constraints", "those"),
    [([], ""), (["node.labels.ci == true", "node.role == worker"], ": those that meet node.labels.ci == true, ROLE")],
)
def test_nodes_are_not_promised_where_constraints_may_rule_them_out(constraints: list[str], those: str) -> None:
    *_, nodes = look_at_cluster(FakeCluster(), constraints)
    assert nodes.found == f"units can run on node1, node2{those.replace('ROLE', 'node.role == worker')}"
