"""Failures of engines, Docker's command line and Compose that can be recognised only by their text.

An exit code, a system error or the engine itself come first if they are conclusive, because texts change between
versions. Each row names the versions that were seen to print it.
"""

import re
from dataclasses import dataclass

from fastflow.errors import AddressesExhaustedError, EngineCallError, EngineUnreachableError, SubnetInUseError

NOT_RUNNING = (
    "start Docker, or point DOCKER_HOST at an engine that runs (or choose another context: docker context use)"
)
NOT_ALLOWED = "let this user use Docker (group docker), or use sudo"
_PORT = 'stop what uses the port, or let fastflow choose: ports: ["8080"], publish: none'
_POOLS = "remove unused networks, or widen default-address-pools of dockerd"
_SUBNET = "remove the network that has this subnet (docker network ls), or choose another in `ipam`"
WEB_PAGE = r"^(.* )?<(!doctype html|html)\b"
_ALL = "Engine 20.10 to 29"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure that can be recognised only by its text.

    `text` is a case-insensitive pattern; `advice` may name its groups. `seen` are the versions that print it, and
    `error` is its meaning for a run.
    """

    text: str
    advice: str
    seen: str
    error: type[EngineCallError] = EngineCallError

    def found_in(self, output: str) -> re.Match[str] | None:
        """The match of this failure's text."""
        return re.search(self.text, output, re.IGNORECASE | re.MULTILINE)


FAILURES = (
    # The route to the engine. Messages of ssh or the network about it must not be taken for a registry's.
    Failure(
        r"command \[ssh (?P<way>(-l \S+ )?(-p \S+ )?)[^\]]*-- (?P<host>\S+) docker system dial-stdio\]",
        "make this work without a password: ssh {way}{host} docker version",
        "CLI 20.10 to 28.5; Compose 2.40, 5.6",
        EngineUnreachableError,
    ),
    Failure(
        r"(error during connect|failed to connect to the docker api|raw stream connection)"
        ".*(no such host|is unreachable|i/o timeout)",
        "check the host in DOCKER_HOST or in the Docker context, and the network between here and there",
        "CLI 20.10 to 28.5; Compose 2.40, 5.6",
        EngineUnreachableError,
    ),
    Failure("cannot connect to the docker daemon", NOT_RUNNING, "CLI to 28; Compose to 2.40", EngineUnreachableError),
    Failure("failed to connect to the docker api", NOT_RUNNING, "CLI 29; Compose 5", EngineUnreachableError),
    Failure(
        "permission denied while trying to connect|raw stream connection.*permission denied",
        NOT_ALLOWED,
        "CLI 20.10 to 29; Compose 2.24 to 5.6",
    ),
    Failure("raw stream connection", NOT_RUNNING, "CLI 20.10 to 28.5: dial-stdio", EngineUnreachableError),
    Failure(
        r"open (?P<file>\S+\.pem): no such file",
        "put ca.pem, cert.pem and key.pem into the directory that DOCKER_CERT_PATH names, or unset DOCKER_TLS_VERIFY",
        "CLI 28.2, 28.5",
    ),
    Failure(
        "http request to an https server",
        "use TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH",
        "CLI 20.10 to 28.5 for an engine with TLS",
    ),
    Failure(
        r"invalid bind address format|unable to parse docker host|ssh host connection is not valid|unknown network ",
        "write DOCKER_HOST as unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST, or unset it",
        "CLI 20.10 to 28.5",
    ),
    Failure("error during connect", NOT_RUNNING, "CLI 20.10 to 28.5; Compose 2.24 to 5.6", EngineUnreachableError),
    Failure(
        "context not found|context .* does not exist",
        "choose another: `docker context ls` lists all contexts",
        "CLI 20.10 to 28.5; Compose 2.40, 5.6",
    ),
    Failure(
        r"client version \S+ is too (new|old)",
        "update the older of Docker Engine and its command line, and unset DOCKER_API_VERSION",
        "Engine 20.10 to 29",
    ),
    Failure(
        WEB_PAGE,
        "check DOCKER_HOST and HTTP proxies: a web server answers there",
        "CLI 20.10 to 28.5; Compose 2.40, 5.6",
    ),
    # Ports, networks, names.
    Failure("port is already allocated", _PORT, f"{_ALL}: another container has it"),
    Failure("address already in use|ports are not available", _PORT, f"{_ALL}; Docker Desktop: a process has it"),
    Failure(
        "cannot assign requested address",
        "publish the port on an address of the engine's machine: `ip address` lists them",
        "Engine 20.10, 28.5",
    ),
    Failure("could not find an available, non-overlapping", _POOLS, "Engine to 24", AddressesExhaustedError),
    Failure("all predefined address pools", _POOLS, "Engine 25 to 29", AddressesExhaustedError),
    Failure("could not find free subnet", _POOLS, "Podman 5.8", AddressesExhaustedError),
    Failure("pool overlaps with other one", _SUBNET, _ALL, SubnetInUseError),
    Failure("networks have overlapping", _SUBNET, "Engine 20.10: the bridge of another network", SubnetInUseError),
    Failure("is already used on the host or by another", _SUBNET, "Podman 4.3", SubnetInUseError),
    Failure(
        "name .*is already in use",
        "remove that container, or remove container_name (publish: none does)",
        f"{_ALL}; Podman 4.3 to 5.8",
    ),
    Failure(
        r"network (?P<name>\S+) declared as external, but could not be found",
        "create it: docker network create {name}",
        "Compose 2.24 to 5.6",
    ),
    Failure(
        r"external volume \"(?P<name>[^\"]+)\" not found",
        "create it: docker volume create {name}",
        "Compose 2.24 to 5.6",
    ),
    Failure(
        "attaching to network failed",
        "set `attempts: 2` to try again; the swarm's managers are busy or away (docker node ls)",
        "Engine 20.10, on an overlay network of a swarm",
    ),
    # Images and registries.
    Failure(
        r"exec: \"(?P<helper>docker-credential-[^\"]+)\": executable file not found",
        "install {helper}, or remove its line (credsStore, credHelpers) from Docker's config.json",
        "Compose 2.40, 5.6",
    ),
    Failure(
        "error getting credentials",
        "check the credential helper that Docker's config.json names (credsStore, credHelpers): docker login",
        "Compose 2.40, 5.6",
    ),
    Failure("toomanyrequests|rate limit", "log in to the registry (docker login), or wait an hour", "Docker Hub"),
    Failure(
        "pull access denied|repository does not exist|authentication required|no basic auth credentials|unauthorized:",
        "check the image's name and log in to its registry: docker login",
        _ALL,
    ),
    Failure(
        "no matching manifest|does not match the (specified|detected host) platform|exec format error",
        "use an image for this engine's platform, or set `platform` and install its emulation (binfmt)",
        _ALL,
    ),
    Failure("manifest unknown|manifest for|no such manifest", "check the image's tag", _ALL),
    Failure(
        "x509: ",
        "install the CA of the registry on the engine's machine (/etc/docker/certs.d), or that of the engine in "
        "DOCKER_CERT_PATH",
        _ALL,
    ),
    Failure(
        "no such host|dial tcp|network is unreachable|connection refused|i/o timeout|tls handshake timeout",
        "the registry cannot be reached from here; check the network and the image's name",
        _ALL,
    ),
    Failure("no such image", "pull or build the image first", _ALL),
    Failure("no space left on device", "free some disk: docker system df", _ALL),
    # Requests of the file that the engine cannot fulfil.
    Failure(
        r"plugin \"?(?P<name>[\w./:-]+)\"? not found",
        "install the plugin {name} on the engine, or change the `driver` that names it",
        "Engine 20.10, 28.5",
    ),
    Failure(
        r"unknown runtime specified|invalid runtime name|could not select device driver",
        "install the runtime or device driver on the engine's machine, or remove it from the service",
        "Engine 20.10, 28.5",
    ),
    Failure("unable to find user", "set `user` to one that exists in the image", "Engine 20.10, 28.5"),
    Failure(
        "error mounting|bind source path does not exist|error gathering device information",
        "create the path on the engine's machine, or fix it: a bind mount names a path there, not in a container",
        "Engine 20.10, 28.5",
    ),
    Failure(
        "unable to start container process",
        "check `command`, `entrypoint` and `working_dir` of the service against its image",
        "Engine 20.10, 28.5",
    ),
    Failure(
        r"as feature require docker engine (?P<version>\S+) or later",
        "update Docker Engine to {version}, or remove the setting",
        "Compose 2.40 with Engine 20.10",
    ),
    Failure(
        "unable to prepare context",
        "fix the `context` of the service's build: it is relative to the Compose file",
        "Compose 2.40, 5.6",
    ),
    Failure(
        "failed to solve|returned a non-zero code",
        "build it by hand to see all of its output: docker compose build",
        "Compose 2.40, 5.6",
    ),
)
"""In order of priority: the first match decides."""
