"""Texts in FAST's own formats: the target of `test_run_uri`, `allowed_hosts`, and lists that FAST expects joined."""

import re
from typing import Annotated, Any, NamedTuple, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic_core import PydanticCustomError

from fastflow.model.base import TEXT_SCHEMA, Reads, Symbolic, describe, wrong

PLAIN_HOST = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""A host by its name, neither a domain such as `.example.com` nor an expression."""
_SCHEMES = ("http://", "https://")
_PORTS = {"http": 80, "https": 443}
_OTHER_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
_HINT = "write a URI as the node reaches it, such as http://app:3000"


class Target(NamedTuple):
    """The target of a URI: scheme and host in lower case, and the port, None if a variable holds it."""

    scheme: str
    host: str
    port: int | None

    @property
    def is_symbolic(self) -> bool:
        """Whether a variable is part of the host."""
        return "$" in self.host


def target_of(uri: str | None) -> Target | None:
    """Read a `test_run_uri`; None if it is not set, or not a URI, which one with a variable may not be."""
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
        return str(value)
    if not begun:
        raise _not_begun(value)
    if not isinstance(value, Symbolic) and (target_of(value) is None or re.search(r"\s", value)):
        raise wrong(f"expected a URI with a host and a port up to 65535, not {describe(value)}", _HINT)
    return value


def _not_begun(value: str) -> Exception:
    if re.match(_OTHER_SCHEME, value):
        return wrong(f"expected http:// or https://, not {describe(value)}", _HINT)
    return wrong(f"{describe(value)} has no scheme", f"write http://{value.lstrip('/')}")


TargetUri: TypeAlias = Annotated[
    str | None,
    Reads(
        _target_uri,
        {"type": "string", "pattern": r"^$|^[Hh][Tt][Tt][Pp][Ss]?://|\$", "examples": ["http://app:3000"]},
    ),
]


# Characters that occur only in regular expressions: FAST takes those of nginx's server_name as they are.
_OF_EXPRESSIONS = re.compile(r"^~|[\\^$\[\]{}+?]")
_NO_HOST = r"(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?(?P<host>[^\s,;/:]+)(?::\d*)?(?:/.*)?"
_IPV6 = r"[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}"


def joined(separator: str, *, hosts: bool = False, ports: bool = False) -> Reads:
    """Let a field take a text as written, or a list, which is joined as FAST expects it.

    `hosts` joins several items as `(a|b)`, and refuses texts that are never a host; `ports` requires port numbers.
    """

    def validate(value: Any) -> Any:
        if value == "":
            return None
        if isinstance(value, str):
            fault = _host_fault(value) if hosts else None
            if fault:
                raise wrong(*fault)
            return str(value)
        if not isinstance(value, (list, tuple)) or not value:
            raise wrong(f"expected a string or a list, not {describe(value) if value != [] else 'an empty list'}")
        for item in value:
            _check(item, separator, ports)
        faults = [((at,), *fault) for at, item in enumerate(value) if hosts and (fault := _host_fault(item))]
        if faults:
            raise PydanticCustomError("fastflow_keys", "items that are not hosts", {"faults": faults})
        text = separator.join(value)
        return f"({text})" if hosts and len(value) > 1 else text

    return Reads(validate, {"type": [*TEXT_SCHEMA["type"], "array"], "items": TEXT_SCHEMA, "minItems": 1})


def _check(item: Any, separator: str, ports: bool) -> None:
    if not isinstance(item, str) or not item:
        raise wrong(f"expected a list of strings, not of {describe(item)}")
    if isinstance(item, Symbolic):
        return
    if ports and not (item.isascii() and item.isdigit() and 0 < int(item) < 65536):
        raise wrong(f"`{item}` is not a port number")
    if separator in item and not ports and not item.startswith(("~", "(")):
        raise wrong(f"`{item}` contains `{separator}`, which joins the list", "split it into several items")


def _host_fault(text: str) -> tuple[str, str] | None:
    """Say why nothing is ever recorded for `text`, and what to write instead (FAST: hosts, no URLs)."""
    if isinstance(text, Symbolic) or _OF_EXPRESSIONS.search(text):
        return None
    for name in re.split(r"[()|]", text):
        if not re.search(r"[\s,;/:]", name) or re.fullmatch(_IPV6, name):
            continue
        match = re.fullmatch(_NO_HOST, name)
        message = f"`{name}` is not a host: FAST records hosts, which have no scheme, port, path or spaces"
        words = [word for word in re.split(r"[\s,;]+", name) if word]
        alone = match["host"] if match else words[0] if len(words) == 1 else None
        return message, f"write {alone}" if alone else f"write a list: [{', '.join(words)}]"
    return None
