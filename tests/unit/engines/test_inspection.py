"""What is read of the engine's JSON, and what of it may be missing."""

import json
from typing import Any

import pytest

from fastflow.engines.inspection import container_of, event_of, short_name, subnets_of
from fastflow.run.container import Container, ContainerEvent, Probe, PublishedPort

LEAST = {"Id": "c1", "Name": "/web-app-1", "State": {"Status": "created"}, "Config": {}}


def read(**more: Any) -> Container:
    return container_of({**LEAST, **more})


def test_little_is_enough() -> None:
    assert container_of(LEAST) == Container("c1", "web-app-1", {}, "created", 0)


def test_all_of_it_is_read() -> None:
    found = container_of(
        {
            "Id": "c1",
            "Name": "/web-app-1",
            "RestartCount": 2,
            "State": {
                "Status": "exited",
                "ExitCode": 137,
                "OOMKilled": True,
                "Error": "",
                "StartedAt": "2026-11-24T09:00:00.1Z",
                "FinishedAt": "2026-11-24T09:00:01.2Z",
                "Health": {"Status": "unhealthy", "Log": [{"ExitCode": 0}, {"ExitCode": -1, "Output": "late"}]},
            },
            "Config": {
                "Image": "docker.io/library/redis:7",
                "Labels": {"com.docker.compose.service": "app"},
                "Env": ["A=b", "WALLARM_API_TOKEN=t0k=3n"],
            },
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "53/udp": None}},
        }
    )
    assert (found.service, found.status, found.exit_code, found.oom_killed) == ("app", "exited", 137, True)
    assert (found.started_at, found.finished_at) == ("2026-11-24T09:00:00.1Z", "2026-11-24T09:00:01.2Z")
    assert (found.health, found.probe) == ("unhealthy", Probe(-1, "late"))
    assert found.ports == (PublishedPort(80, "tcp", "127.0.0.1", 8080),)
    assert (found.image, found.restart_count, found.token) == ("redis:7", 2, "t0k=3n")
    assert "t0k" not in repr(found)


@pytest.mark.parametrize("time", [None, "", "0001-01-01T00:00:00Z"])
def test_a_moment_that_has_not_come_is_none(time: str | None) -> None:
    assert read(State={"Status": "created", "StartedAt": time, "FinishedAt": time}).started_at is None


@pytest.mark.parametrize("health", [None, {}, {"Status": ""}, {"Status": "none"}])
def test_a_container_without_a_healthcheck_has_no_health(health: Any) -> None:
    assert read(State={"Status": "running", "Health": health}).health is None


def test_the_last_probe_that_failed_counts() -> None:
    log = [{"ExitCode": 1, "Output": "first"}, {"ExitCode": 2}, {"ExitCode": 0, "Output": "fine"}]
    assert read(State={"Status": "running", "Health": {"Status": "starting", "Log": log}}).probe == Probe(2, "")


def test_why_a_container_did_not_start_is_said_plainly_and_with_advice() -> None:
    said = (
        "driver failed programming external connectivity on endpoint p-a-1 (15688d): Error starting userland proxy: "
        "listen tcp4 127.0.0.1:18081: bind: address already in use"
    )
    found = read(State={"Status": "created", "Error": said})
    assert found.error == "listen tcp4 127.0.0.1:18081: bind: address already in use"
    assert (found.advice or "").startswith("stop what uses the port")


def test_a_port_that_is_published_but_not_bound_yet_has_no_number() -> None:
    ports = {"80/tcp": [{"HostIp": "", "HostPort": ""}], "90": [{"HostIp": "::", "HostPort": "1"}]}
    found = read(NetworkSettings={"Ports": ports}).ports
    assert found == (PublishedPort(80, "tcp", "", 0), PublishedPort(90, "tcp", "::", 1))


@pytest.mark.parametrize(
    ("reference", "docker", "podman"),
    [
        ("redis:7", "redis:7", "redis:7"),
        ("docker.io/library/redis:7", "redis:7", "redis:7"),
        ("docker.io/team/app", "docker.io/team/app", "docker.io/team/app"),
        ("localhost/made:1", "localhost/made:1", "made:1"),
    ],
)
def test_an_image_has_the_name_that_it_was_given(reference: str, docker: str, podman: str) -> None:
    assert short_name(reference, is_podman=False) == docker
    assert short_name(reference, is_podman=True) == podman


def test_an_event_has_its_exit_code_labels_and_time() -> None:
    attributes = {"exitCode": "137", "com.docker.compose.service": "app"}
    told = {"Action": "die", "Actor": {"ID": "c1", "Attributes": attributes}, "timeNano": 1764000000123456789}
    assert event_of(json.dumps(told)) == ContainerEvent("c1", "die", 137, attributes, "2025-11-24T16:00:00.123456789Z")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no json",
        "[]",
        "null",
        "{}",
        '{"Action": "die"}',
        '{"Action": "die", "Actor": null}',
        '{"Action": "die", "Actor": {}}',
        '{"Action": "die", "Actor": {"ID": "c1", "Attributes": {"exitCode": "many"}}}',
    ],
)
def test_a_line_that_is_no_event_is_none(line: str) -> None:
    assert event_of(line) is None


def test_an_event_may_say_little() -> None:
    assert event_of('{"Action": "start", "Actor": {"ID": "c1", "Attributes": null}}') == ContainerEvent("c1", "start")


def test_subnets_of_networks_that_have_some() -> None:
    configs = [[{"Subnet": "10.1.0.0/24"}, {"Subnet": "fd00::/64"}], None, [], [{"Gateway": "10.2.0.1"}]]
    assert subnets_of(configs) == ("10.1.0.0/24", "fd00::/64")
