"""What engines, Docker's command line and Compose were seen to print, and what becomes of it."""

import pytest

from fastflow.engines.messages import advice, explain, failed
from fastflow.errors import AddressesExhaustedError, EngineCallError, EngineUnreachableError, SubnetInUseError

SSH = (
    'error during connect: Get "http://docker.example.com/v1.24/version": command [ssh -l ci -p 22 -o '
    "ConnectTimeout=30 -T -- {host} docker system dial-stdio] has exited with exit status 255, please make sure the "
    "URL is valid, and Docker 18.09 or later is installed on the remote host: stderr={stderr}\n\n"
)
NO_SOCKET = "unix:///nonexistent.sock"


@pytest.mark.parametrize(
    "output",
    [
        f"Cannot connect to the Docker daemon at {NO_SOCKET}. Is the docker daemon running?",
        f"unable to get image 'a:1': Cannot connect to the Docker daemon at {NO_SOCKET}. Is the docker daemon running?",
        f"failed to connect to the docker API at {NO_SOCKET}; check if the path is correct and if the daemon is "
        "running: dial unix /nonexistent.sock: connect: no such file or directory",
        "failed to connect to the docker API at tcp://ci:2375: lookup ci on 10.0.0.53:53: no such host",
        'error during connect: Get "http://ci:2375/v1.51/version": dial tcp: lookup ci on 10.0.0.53:53: no such host',
        "failed to open the raw stream connection: dial tcp 127.0.0.1:1: connect: connection refused",
        "failed to open the raw stream connection: dial tcp: lookup ci on 10.0.0.53:53: no such host",
        'error during connect: Get "http://10.1.1.1:2375/v1.51/version": dial tcp 10.1.1.1:2375: i/o timeout',
        SSH.format(host="ci", stderr="ssh: Could not resolve hostname ci: Name or service not known"),
    ],
)
def test_an_engine_that_cannot_be_reached_is_one_in_every_wording(output: str) -> None:
    assert isinstance(failed("docker ps", output, exit_code=1), EngineUnreachableError)
    assert "registry" not in (advice(output) or "")


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (
            "ssh: connect to host ci port 22: Connection refused",
            "ssh: connect to host ci port 22: Connection refused",
        ),
        (
            "Warning: Permanently added 'ci' (ED25519) to the list of known hosts.\r\n"
            "ci@ci: Permission denied (publickey).\r\n",
            "ci@ci: Permission denied (publickey).",
        ),
        ("bash: line 1: docker: command not found", "bash: line 1: docker: command not found"),
    ],
)
def test_of_an_ssh_host_ssh_s_own_words_are_the_reason(stderr: str, reason: str) -> None:
    error = failed("docker version", SSH.format(host="ci", stderr=stderr), exit_code=1)
    assert error.message == reason
    assert error.hint == "make this work without a password: ssh -l ci -p 22 ci docker version"


@pytest.mark.parametrize(
    ("output", "reason", "hint"),
    [
        (
            "Error response from daemon: failed to set up container networking: driver failed programming external "
            "connectivity on endpoint p-a-1 (6f6e62c35e2bc8703f99): Bind for 127.0.0.1:18080 failed: port is already "
            "allocated",
            "Bind for 127.0.0.1:18080 failed: port is already allocated",
            "stop what uses the port",
        ),
        (
            "Error response from daemon: driver failed programming external connectivity on endpoint p-a-1 (15688d): "
            "Error starting userland proxy: listen tcp4 127.0.0.1:18081: bind: address already in use",
            "listen tcp4 127.0.0.1:18081: bind: address already in use",
            "stop what uses the port",
        ),
        (
            "Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime "
            'create failed: runc create failed: unable to start container process: exec: "/no": stat /no: no such '
            "file or directory: unknown",
            'exec: "/no": stat /no: no such file or directory',
            "check `command`, `entrypoint`",
        ),
        (
            'error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH, '
            "out: ``",
            'error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH, '
            "out: ``",
            "install docker-credential-desktop, or remove its line",
        ),
        (
            'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io '
            "on 10.0.0.53:53: dial udp 10.0.0.53:53: connect: network is unreachable",
            'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.53:53: dial udp '
            "10.0.0.53:53: connect: network is unreachable",
            "the registry cannot be reached from here",
        ),
        (
            "Failed to initialize: unable to resolve docker endpoint: invalid bind address format: foo://bar",
            "invalid bind address format: foo://bar",
            "write DOCKER_HOST as unix:///PATH",
        ),
        (
            'unable to resolve docker endpoint: context "ci" does not exist',
            'context "ci" does not exist',
            "choose another: `docker context ls`",
        ),
        (
            "Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44",
            "client version 1.24 is too old. Minimum supported API version is 1.44",
            "update the older of",
        ),
        (
            "Error response from daemon: attaching to network failed, make sure your network options are correct and "
            "check manager logs: context deadline exceeded",
            "attaching to network failed, make sure your network options are correct and check manager logs: context "
            "deadline exceeded",
            "set `attempts: 2` to try again",
        ),
        (
            'failed to create network p_default: Error response from daemon: plugin "weird" not found',
            'failed to create network p_default: plugin "weird" not found',
            "install the plugin weird on the engine",
        ),
        (
            "network shared declared as external, but could not be found",
            "network shared declared as external, but could not be found",
            "create it: docker network create shared",
        ),
        (
            "can't set healthcheck.start_interval as feature require Docker Engine v25 or later",
            "can't set healthcheck.start_interval as feature require Docker Engine v25 or later",
            "update Docker Engine to v25",
        ),
        (
            'Error response from daemon: Conflict. The container name "/a" is already in use by container "a8c4". You '
            "have to remove (or rename) that container to be able to reuse that name.",
            'Conflict. The container name "/a" is already in use by container "a8c4". You have to remove (or rename) '
            "that container to be able to reuse that name.",
            "remove that container, or remove container_name",
        ),
        (
            'docker: Error response from daemon: creating container storage: the container name "a" is already in use '
            "by 0ab1. You have to remove that container to be able to reuse that name: that name is already in use.\n"
            "See 'docker run --help'.",
            'creating container storage: the container name "a" is already in use by 0ab1. You have to remove that '
            "container to be able to reuse that name: that name is already in use.",
            "remove that container, or remove container_name",
        ),
        (
            "WARNING: Error parsing config file (/c/config.json): invalid character 'b'\npermission denied while "
            "trying to connect to the docker API at unix:///var/run/docker.sock",
            "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
            "let this user use Docker (group docker), or use sudo",
        ),
    ],
)
def test_a_failure_has_a_reason_and_says_what_to_do(output: str, reason: str, hint: str) -> None:
    error = failed("docker x", output, exit_code=1)
    assert error.message == reason
    assert (error.hint or "").startswith(hint)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("failed to create network a: Error response from daemon: Pool overlaps with other one", SubnetInUseError),
        ("invalid pool request: Pool overlaps with other one on this address space", SubnetInUseError),
        ("subnet 10.1.0.0/24 is already used on the host or by another config", SubnetInUseError),
        ("all predefined address pools have been fully subnetted", AddressesExhaustedError),
        ("could not find an available, non-overlapping IPv4 address pool", AddressesExhaustedError),
    ],
)
def test_a_subnet_that_is_taken_is_an_error_of_its_own_and_says_what_to_do(
    output: str, kind: type[EngineCallError]
) -> None:
    error = failed("docker compose up", output, exit_code=1)
    assert isinstance(error, kind)
    assert error.hint


@pytest.mark.parametrize("first", ["Error response from daemon: <!DOCTYPE HTML>", "<html>", " a Error <!DOCTYPE HTML>"])
def test_a_web_server_is_no_engine(first: str) -> None:
    output = f'{first}\n<html lang="en">\n<p>Error code: 404</p>\n</html>\n'
    reason, hint = explain(output, "docker ps", 1)
    assert reason == "`docker ps` was answered with a web page, not by a Docker Engine"
    assert (hint or "").startswith("check DOCKER_HOST and HTTP proxies")


def test_a_web_page_of_a_registry_is_no_engines() -> None:
    output = "Error response from daemon: error parsing HTTP 404 response body: invalid character '<': \"<html>\""
    assert explain(output, "docker pull a", 1)[0].startswith("error parsing HTTP 404")
