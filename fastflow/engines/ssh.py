"""The host behind an address for ssh: only ssh itself may know `ssh://ALIAS`."""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from fastflow.engines.process import call
from fastflow.errors import EngineError

_TIMEOUT = 10.0


def host_of(address: str, environment: Mapping[str, str]) -> str | None:
    """Return the host of an engine's address; None if the address names none.

    For `ssh://`, ssh itself resolves it by its configuration, without connecting.
    """
    parts = urlsplit(address)
    if parts.scheme == "ssh" and parts.hostname:
        return _configured(parts, environment) or parts.hostname
    return parts.hostname


def _configured(parts: SplitResult, environment: Mapping[str, str]) -> str | None:
    # As written: `hostname` is in lower case, and patterns in ssh's configuration are case-sensitive.
    name = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}").strip("[]")
    options = [*(["-l", parts.username] if parts.username else []), *(["-p", str(parts.port)] if parts.port else [])]
    try:
        output = call(["ssh", "-G", *options, "--", name], environment, _TIMEOUT)
    except EngineError:
        return None
    settings = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    return settings.get("hostname")
