"""What the engine's command line prints when it fails, as one line and a way out."""

import re

from fastflow.errors import AddressesExhaustedError, EngineCallError, EngineUnreachableError, SubnetInUseError

UNREACHABLE = "cannot connect to the docker daemon"
"""What Docker and Compose say, in some case, where no engine answers."""
_EXHAUSTED = ("could not find an available, non-overlapping", "all predefined address pools")
"""What engines say where no subnet is left, up to 24 and since; in the source of moby: ErrNoMoreSubnets."""
_OVERLAPS = ("pool overlaps with other one", "networks have overlapping")
_HINTS: tuple[tuple[str, str], ...] = (
    (UNREACHABLE, "start Docker, or point DOCKER_HOST at an engine; `make engine` does it"),
    ("permission denied while trying to connect", "let this user use Docker (group docker), or use sudo"),
    ("port is already allocated", 'stop what uses the port, or let fastflow choose: ports: ["8080"], publish: none'),
    ("address already in use", 'stop what uses the port, or let fastflow choose: ports: ["8080"], publish: none'),
    *((pattern, "remove unused networks, or widen default-address-pools of dockerd") for pattern in _EXHAUSTED),
    ("is already in use by container", "remove that container, or drop container_name (publish: none does)"),
    ("pull access denied", "check the image's name and log in to its registry: docker login"),
    ("repository does not exist", "check the image's name and log in to its registry: docker login"),
    ("manifest unknown", "check the image's tag"),
    ("manifest for", "check the image's tag"),
    ("no such host", "the registry cannot be reached from here; check the network and the image's name"),
    ("dial tcp", "the registry cannot be reached from here; check the network and the image's name"),
    ("connection refused", "the engine or the registry cannot be reached; check that it runs"),
    ("no space left on device", "free some disk: docker system df"),
    ("context not found", "`docker context ls` lists the contexts that there are"),
    ("no such image", "pull or build the image first"),
)
_NOISE = re.compile(
    r"^(time=\"|#\d+ |See 'docker|Run 'docker|Usage:|exit status \d+$|\s*$|.*level=warning)"
    r"|^\s*(Container|Network|Volume) \S+ +\w+$"
)
_PREFIX = re.compile(
    r"^(Error response from daemon: |Error: |docker: |error: |unable to get image '[^']*': |failed to solve: )+", re.I
)


def kind_of(output: str) -> type[EngineCallError]:
    """The error that an engine's answer stands for, where a run has something to do about it."""
    lower = output.lower()
    if UNREACHABLE in lower:
        return EngineUnreachableError
    if any(pattern in lower for pattern in _EXHAUSTED):
        return AddressesExhaustedError
    return SubnetInUseError if any(pattern in lower for pattern in _OVERLAPS) else EngineCallError


def explain(output: str, command: str, return_code: int) -> tuple[str, str | None]:
    """Give the reason in `output` as one line, and what to do about it where that is known."""
    lines = [line.strip() for line in output.splitlines() if not _NOISE.search(line)]
    lower = output.lower()
    hint = next((advice for pattern, advice in _HINTS if pattern in lower), None)
    if not lines:
        return f"`{command}` ended with exit code {return_code} and said nothing", hint
    known = [line for line in lines if any(pattern in line.lower() for pattern, _ in _HINTS)]
    return _PREFIX.sub("", (known or lines)[-1])[:500], hint
