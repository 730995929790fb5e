"""Published ports, in Compose's short and long syntax."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, TypeAlias

from fastflow.model.base import Reads, Symbolic, describe, wrong

_SPAN = re.compile(r"[0-9]+(-[0-9]+)?")
_PROTOCOLS = ("tcp", "udp", "sctp")
_HINT = 'write "8080:8080", "127.0.0.1:8080:8080", "8080" or { target: 8080, published: 8080 }'


@dataclass(frozen=True, slots=True)
class Port:
    """One entry of `ports`. Host ports of None or 0 mean any free one; ranges are (first, last)."""

    container: tuple[int, int]
    host: tuple[int, int] | None = None
    address: str | None = None
    protocol: str = "tcp"
    symbolic: str | None = None
    """The text as written if it contains an unknown variable; the numbers are then meaningless."""

    def text(self, address: str | None) -> str:
        """Write the port in Compose's short syntax; `address` is the default for a port without one."""
        address = self.address or address
        shown = f"[{address}]" if address and ":" in address else address
        host, container = (_text(span) if span else "" for span in (self.host, self.container))
        before = f"{shown}:{host}:" if shown else f"{host}:" if host else ""
        return f"{before}{container}/{self.protocol}"


def parse_port(text: str) -> Port:
    """Read Compose's short syntax, `[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]`; raise ValueError with a reason.

    As in Compose, an address and a host port may be empty, and an IPv6 address needs no brackets.
    """
    if isinstance(text, Symbolic):
        return Port((0, 0), symbolic=str(text))
    *before, container = text.split(":")
    target, _, protocol = container.partition("/")
    return make_port(target, before[-1] if before else "", ":".join(before[:-1]), protocol)


def make_port(target: str, published: str = "", host_ip: str = "", protocol: str = "") -> Port:
    """Make a port from the parts of Compose's long syntax, empty if they are not given; raise ValueError."""
    container, host = _range(target), _range(published) if published else (0, 0)
    if container[0] == 0:
        raise ValueError("container port 0 does not exist")
    if host != (0, 0) and host[1] - host[0] != container[1] - container[0] and container[0] != container[1]:
        raise ValueError(f"the ranges in `{published}:{target}` differ in length")
    if protocol and protocol.lower() not in _PROTOCOLS:
        raise ValueError(f"`{protocol}` is not a protocol ({', '.join(_PROTOCOLS)})")
    return Port(container, None if host == (0, 0) else host, _address(host_ip), protocol.lower() or "tcp")


def _address(written: str) -> str | None:
    address = written[1:-1] if written.startswith("[") and written.endswith("]") else written
    try:
        return address if written and ip_address(address.replace("%", "no zone")) else None
    except ValueError:
        raise ValueError(f"`{written}` is not an IP address") from None


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not _SPAN.fullmatch(text) or not int(first) <= int(last or first) <= 65535:
        raise ValueError(f"`{text}` is not a port or a range of ports up to 65535")
    return int(first), int(last or first)


def _text(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _long(value: dict[str, Any]) -> Port:
    unknown = set(value) - {"target", "published", "host_ip", "protocol", "mode", "name", "app_protocol"}
    if unknown:
        raise ValueError(f"`{sorted(unknown)[0]}` is not a key of a port")
    if any(isinstance(part, Symbolic) for part in value.values()):
        return Port((0, 0), symbolic=str(value.get("published") or value.get("target")))
    if not value.get("target"):
        raise ValueError("a port needs a `target`")
    parts = [value.get(key) or "" for key in ("target", "published", "host_ip", "protocol")]
    if any(not isinstance(part, str) for part in parts):
        raise ValueError("`target`, `published`, `host_ip` and `protocol` of a port must be single values")
    return make_port(*parts)


def _port(value: Any) -> Any:
    try:
        if isinstance(value, dict):
            return _long(value)
        if isinstance(value, str):
            return parse_port(value)
    except ValueError as error:
        raise wrong(str(error), _HINT) from None
    raise wrong(f"expected a port, not {describe(value)}", _HINT)


PortEntry: TypeAlias = Annotated[
    Port,
    Reads(_port, {"type": ["string", "integer", "object"], "examples": ["8080:8080", "127.0.0.1::8080"]}),
]
