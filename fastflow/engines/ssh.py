"""Where a machine is that an address names for ssh: `ssh://ALIAS` may be known to nobody else."""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from fastflow.engines.process import call
from fastflow.errors import EngineError

_TIMEOUT = 10.0


def host_of(address: str, environment: Mapping[str, str]) -> str | None:
    """Return the host that an engine's address leads to; None if the address names none.

    For `ssh://` that is what ssh itself makes of it, by its configuration; it connects to nothing for that.
    """
    parts = urlsplit(address)
    if parts.scheme == "ssh" and parts.hostname:
        return _configured(parts, environment) or parts.hostname
    return parts.hostname


def _configured(parts: SplitResult, environment: Mapping[str, str]) -> str | None:
    # As written: `hostname` is in lower case, and patterns of ssh's configuration have a case.
    name = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}").strip("[]")
    options = [*(["-l", parts.username] if parts.username else []), *(["-p", str(parts.port)] if parts.port else [])]
    try:
        told = call(["ssh", "-G", *options, "--", name], environment, _TIMEOUT)
    except EngineError:
        return None
    settings = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    return settings.get("hostname")
