"""The application that a testing node attacks: `test_run_uri`."""

import re
from typing import Annotated, Any, NamedTuple, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from fastflow.model.scalars import Symbolic, describe, wrong

PLAIN_HOST = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""A host by its name, neither a domain such as `.example.com` nor an expression."""
_SCHEMES = ("http://", "https://")
_PORTS = {"http": 80, "https": 443}
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HINT = "write a URI as the node reaches it, such as http://app:3000"


class Target(NamedTuple):
    """Where a URI leads: scheme and host in lower case, and the port, None if a variable holds it."""

    scheme: str
    host: str
    port: int | None

    @property
    def is_symbolic(self) -> bool:
        """Whether a variable is part of the host."""
        return "$" in self.host


def target_of(uri: str | None) -> Target | None:
    """Read a `test_run_uri`; None if it is not set, or if it is no URI, as one that holds a variable may not be."""
    try:
        parts = urlsplit(uri or "")
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        port = None if "$" in parts.netloc.rpartition(":")[2] else parts.port or _default(parts)
    except ValueError:
        return None
    return Target(parts.scheme, parts.hostname, port)


def hosts_in(allowed_hosts: str | None) -> tuple[str, ...]:
    """Return the hosts in `allowed_hosts`: names, and patterns as they are written."""
    return tuple(host for host in (allowed_hosts or "").strip("()").split("|") if host)


def _default(parts: SplitResult) -> int:
    if parts.port == 0:
        raise ValueError("port 0 does not exist")
    return _PORTS[parts.scheme]


def _target_uri(value: Any) -> Any:
    if value == "":
        return None
    if not isinstance(value, str):
        raise wrong(f"expected a URI, not {describe(value)}", _HINT)
    known = value.partition("$")[0].lower() if isinstance(value, Symbolic) else value.lower()
    begun = any(known.startswith(scheme) for scheme in _SCHEMES)
    if isinstance(value, Symbolic) and (begun or any(scheme.startswith(known) for scheme in _SCHEMES)):
        return value
    if not begun:
        raise _not_begun(value)
    if not isinstance(value, Symbolic) and (target_of(value) is None or re.search(r"\s", value)):
        raise wrong(f"expected a URI with a host and a port up to 65535, not {describe(value)}", _HINT)
    return value


def _not_begun(value: str) -> Exception:
    if _OTHER_SCHEME.match(value):
        return wrong(f"expected http:// or https://, not {describe(value)}", _HINT)
    return wrong(f"{describe(value)} has no scheme", f"write http://{value.lstrip('/')}")


TargetUri: TypeAlias = Annotated[
    str | None,
    BeforeValidator(_target_uri),
    WithJsonSchema({"type": "string", "pattern": r"^$|^[Hh][Tt][Tt][Pp][Ss]?://|\$", "examples": ["http://app:3000"]}),
]
