"""Published ports, in Compose's short and long syntax."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from fastflow.model.base import Opaque
from fastflow.model.scalars import Symbolic, describe, wrong

_SHORT = re.compile(
    r"(?:(?P<address>\[[0-9A-Fa-f:.]+\]|\d+(?:\.\d+){3}):)?(?:(?P<host>\d+(?:-\d+)?)?:)?"
    r"(?P<container>\d+(?:-\d+)?)(?:/(?P<protocol>(?i:tcp|udp|sctp)))?"
)
_HINT = 'write "8080:8080", "127.0.0.1:8080:8080", "8080" or { target: 8080, published: 8080 }'


@dataclass(frozen=True, slots=True)
class Port:
    """One entry of `ports`. Host ports of None or 0 mean any free one; ranges are (first, last)."""

    container: tuple[int, int]
    host: tuple[int, int] | None = None
    address: str | None = None
    protocol: str = "tcp"
    symbolic: str | None = None
    """The text as written where it holds a variable that is not known; the numbers mean nothing then."""


def parse_port(text: str) -> Port:
    """Read Compose's short syntax; raise ValueError with a reason."""
    if isinstance(text, Symbolic):
        return Port((0, 0), symbolic=str(text))
    match = _SHORT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a port")
    container = _range(match["container"])
    host = _range(match["host"]) if match["host"] else None
    if container[0] == 0:
        raise ValueError("container port 0 does not exist")
    if host and host != (0, 0) and host[1] - host[0] != container[1] - container[0] and container[0] != container[1]:
        raise ValueError(f"the ranges in `{text}` differ in length")
    address = _address(match["address"])
    return Port(container, None if host == (0, 0) else host, address, (match["protocol"] or "tcp").lower())


def _address(written: str | None) -> str | None:
    if written is None:
        return None
    try:
        ip_address(written.strip("[]"))
    except ValueError:
        raise ValueError(f"`{written}` is not an IP address") from None
    return written.strip("[]")


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    bounds = int(first), int(last or first)
    if bounds[0] > bounds[1] or bounds[1] > 65535:
        raise ValueError(f"`{text}` is not a port or a range of ports up to 65535")
    return bounds


def _long(value: dict[str, Any]) -> Port:
    unknown = set(value) - {"target", "published", "host_ip", "protocol", "mode", "name", "app_protocol"}
    if unknown:
        raise ValueError(f"`{sorted(unknown)[0]}` is no key of a port")
    if any(isinstance(part, Symbolic) for part in value.values()):
        return Port((0, 0), symbolic=str(value.get("published") or value.get("target")))
    if not isinstance(value.get("target"), str):
        raise ValueError("a port needs a `target`")
    published, host_ip = value.get("published") or "", value.get("host_ip") or ""
    address = f"[{host_ip}]:" if ":" in host_ip else f"{host_ip}:" if host_ip else ""
    middle = f"{published}:" if published or address else ""
    return parse_port(f"{address}{middle}{value['target']}/{value.get('protocol') or 'tcp'}")


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
    Opaque(),
    BeforeValidator(_port),
    WithJsonSchema({"type": ["string", "integer", "object"], "examples": ["8080:8080", "127.0.0.1::8080"]}),
]
