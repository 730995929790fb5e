"""Where a machine is that an address names for ssh: `ssh://ALIAS` may be known to nobody else."""

from urllib.parse import SplitResult, urlsplit

from fastflow.engines.process import Caller, Command
from fastflow.errors import EngineError

_TIMEOUT = 10.0


def host_of(address: str, caller: Caller) -> str | None:
    """Return the host that an engine's address leads to; None if the address names none.

    For `ssh://` that is what ssh itself makes of it, by its configuration; it connects to nothing for that.
    """
    parts = urlsplit(address)
    if parts.scheme == "ssh" and parts.hostname:
        return _configured(parts, caller) or parts.hostname
    return parts.hostname


def _configured(parts: SplitResult, caller: Caller) -> str | None:
    # As written: `hostname` is in lower case, and patterns of ssh's configuration have a case.
    name = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}").strip("[]")
    options = [*(["-l", parts.username] if parts.username else []), *(["-p", str(parts.port)] if parts.port else [])]
    try:
        told = caller.call(Command(["ssh", "-G", *options, "--", name], _TIMEOUT))
    except EngineError:
        return None
    settings = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    return settings.get("hostname")
