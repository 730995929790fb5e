"""What goes wrong, on the real engine: exit 3, one line that says what and one that says what to do, nothing left."""

import re
import socket
from dataclasses import dataclass

import pytest

from fastflow.emulation.image import image_name
from fastflow.engines.docker import DockerEngine

from .conftest import IMAGE
from .conftest import TEST as TEST_LABEL
from .runs import APPLICATION, RECORD, TEST, TOKEN, Fastflow, docker, spec, workflow

pytestmark = pytest.mark.e2e

NO_SOURCE = RECORD.replace("source: { service: tests }", "")
DIES = RECORD.replace("source: { service: tests }", 'source: { run: "docker kill $(docker ps -q -f name=%s)" }')


@dataclass(frozen=True)
class Case:
    """A spec that fails, and what is said of it. `reason` is a pattern for the whole reason."""

    name: str
    nodes: dict[str, str]
    reason: str
    advice: str
    phase: str = "web.record"
    head: str = ""
    emulated: bool = True
    environment: tuple[tuple[str, str], ...] = ()


def source(text: str) -> str:
    return RECORD.replace("source: { service: tests }", f"source: {text}")


CASES = [
    Case(
        "a failing source",
        {"record": source("{ service: tests, command: [sh, -c, 'echo broken test; exit 7'] }"), "test": TEST},
        r"the source `tests` ended with exit code 7",
        r"what to do: its output is in \S+/logs",
    ),
    Case(
        "a failing command",
        {"record": source('{ run: "echo no; exit 4" }'), "test": TEST},
        r"the source `echo no; exit 4` ended with exit code 4",
        r"what to do: its output is in \S+/logs",
    ),
    Case(
        "a source past its timeout",
        {"record": source("{ run: exec sleep 60, timeout: 1s }"), "test": TEST},
        r"the source `exec sleep 60` did not end within 1 s",
        r"what to do: its output is in \S+/logs",
    ),
    Case(
        "a node that dies",
        {"record": source('{ run: "docker kill $(docker ps -q -f name=KILLED)" }'), "test": TEST},
        r"the node was killed by signal 9 \(exit code 137\)",
        r"what to do: see its log",
    ),
    Case(
        "a recorder that gives up before its source has ended",
        {"record": source("{ run: exec sleep 60 }") + "inactivity_timeout: 1\n", "test": TEST},
        r"the recorder ended by itself before its source had \(exit code 1\)",
        r"what to do: raise inactivity_timeout, or see its log",
    ),
    Case(
        "a phase past its timeout",
        {"record": source("{ run: exec sleep 60 }") + "timeout: 3s\n", "test": TEST},
        r"the phase did not end within 3 s, its timeout, while (starting|running)",
        r"what to do: raise `timeout`",
    ),
    Case(
        "a recording of nothing",
        {"record": source('{ run: "true" }'), "test": TEST},
        r"empty record.*",
        r"what to do: send the tests' requests through the node \(http_proxy",
        phase="web.test",
    ),
    Case(
        "an unreachable API host",
        {"record": RECORD, "test": TEST},
        r"Can't create new instance - Request Timeout",
        r"what to do: check cloud.api_host, and that containers reach it",
        head="cloud: { api_host: api.invalid }\ndefaults: { image: EMULATOR }",
        emulated=False,
    ),
    Case(
        "a missing node image",
        {"record": RECORD, "test": TEST},
        r"",
        r"the image registry.invalid/fast:1 cannot be pulled: .*\n.*help: the registry cannot be reached from here",
        head="defaults: { image: registry.invalid/fast:1 }",
        emulated=False,
    ),
    Case(
        "an application that attacks cannot reach",
        {"record": RECORD, "test": TEST.replace("http://app:80", "http://app:81")},
        r".*http://app:81.*",
        r"",
        phase="web.test",
    ),
    Case(
        "a service that does not come up",
        {"record": RECORD.replace("Serving HTTP }", "never printed, timeout: 2s }"), "test": TEST},
        r"services not up within 2 s: app",
        r"what to do: .*give them more time",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_failure_says_what_and_what_to_do_and_leaves_nothing(case: Case, fastflow: Fastflow, build_id: str) -> None:
    container = f"node-{build_id}"
    nodes = {name: text.replace("KILLED", container) for name, text in case.nodes.items()}
    if "docker kill" in nodes["record"]:
        nodes["record"] += f"container_name: {container}\n"
    head = case.head.replace("EMULATOR", image_name())
    fastflow.write(spec({"web": workflow(build_id, nodes)}, head))
    ended = fastflow("up", *(["--emulate"] if case.emulated else []), "--progress", "plain")
    assert ended.code == 3, ended.out + ended.err
    if case.reason:
        assert ended.states[case.phase] == "failed"
        assert re.fullmatch(case.reason, ended.reasons[case.phase] or ""), ended.reasons
    assert re.search(case.advice, ended.out + ended.err), ended.out + ended.err
    if case.phase == "web.record" and case.reason:
        assert ended.states["web.test"] == "skipped"
        assert ended.reasons["web.test"] == "web.record failed, so there is no record to test"


def test_a_wrong_token_is_named_by_the_cloud(fastflow: Fastflow, build_id: str) -> None:
    # A cloud that accepts some tokens only would be everybody's: the node is asked to speak to a cloud of its own.
    cloud = f"""
    services:
      cloud:
        image: {image_name()}
        command: [python3, -m, emulator, cloud]
        environment: {{ FASTFLOW_EMULATOR_TOKENS: another-token }}
      app: {{ image: fastflow-python:3, command: [sleep, "600"], stop_signal: SIGKILL }}
    """
    record = RECORD.replace("services: { app: { log: Serving HTTP } }", "services: { cloud: { log: answers } }")
    head = f"cloud: {{ api_host: cloud, use_ssl: false }}\ndefaults: {{ image: '{image_name()}' }}"
    nodes = {"record": record.replace("{ service: tests }", '{ run: "true" }')}
    fastflow.write(spec({"web": workflow(build_id, nodes, application=cloud)}, head))
    ended = fastflow("up")
    assert ended.code == 3, ended.err
    assert ended.reasons["web.record"] == "Can't create new instance - access denied"
    assert "what to do: check the token, and that it belongs to the cloud at cloud.api_host" in ended.out
    assert TOKEN not in ended.out + ended.err


@pytest.mark.parametrize("owner", ["node", "service"])
@pytest.mark.parametrize("holder", ["process", "container"])
def test_a_taken_port_is_named_and_says_what_to_do(
    owner: str, holder: str, fastflow: Fastflow, docker_engine: DockerEngine, docker_project: str, build_id: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        if holder == "process":
            taken.listen()
        else:
            taken.close()
            words = ["run", "-d", "--label", f"{TEST_LABEL}={docker_project}", "-p", f"127.0.0.1:{port}:80", IMAGE]
            docker(docker_engine, [*words, "sleep", "600"])
        ports = f'ports: ["127.0.0.1:{port}:80"]'
        record = RECORD + (f"{ports.replace(':80', ':8080')}\n" if owner == "node" else "")
        application = APPLICATION.replace("  app:\n", f"  app:\n    {ports}\n" if owner == "service" else "  app:\n")
        text = workflow(build_id, {"record": record, "test": TEST}, application=application)
        fastflow.write(spec({"web": text}))
        ended = fastflow("up", "--emulate")
    assert ended.code == 3
    assert str(port) in (ended.reasons["web.record"] or "")
    assert "driver failed programming" not in (ended.reasons["web.record"] or "")
    assert "what to do: stop what uses the port, or let fastflow choose" in ended.out


def test_no_engine_is_said_in_one_line(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id)}))
    fastflow.extra["DOCKER_HOST"] = f"unix://{fastflow.directory}/no.sock"
    ended = fastflow("up", "--emulate")
    assert ended.code == 3
    assert re.search(r"^error: .*(Cannot connect to the Docker daemon|no such file)", ended.err, re.MULTILINE | re.I)
    assert re.search(r"^  help: start Docker, or point DOCKER_HOST at an engine", ended.err, re.MULTILINE)
    assert (ended.result["exit_code"], set(ended.states.values())) == (3, {"cancelled"})


def test_a_compose_file_that_compose_rejects_is_a_fault_of_the_spec(fastflow: Fastflow, build_id: str) -> None:
    broken = "services: { app: { image: fastflow-python:3, mem_limit: lots } }"
    fastflow.write(
        spec({"web": workflow(build_id, {"record": "mode: recording\nsource: { run: 'true' }"}, application=broken)})
    )
    ended = fastflow("up", "--emulate")
    assert ended.code == 2, ended.err
    assert "Docker Compose rejects the project of workflow web" in ended.err
    assert "compose-invalid" in ended.err
