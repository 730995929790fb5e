"""The proxies in a service's environment: whether its requests go through a node, and which bypass it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from fastflow.model.target import Target

_PROXIES = {"http_proxy": ("http",), "https_proxy": ("https",), "all_proxy": ("http", "https")}
_EXCEPTIONS = "no_proxy"
Environment = Mapping[str, str | None]


def proxy_variables(environment: Environment, alias: str) -> tuple[str, ...]:
    """Return the variables that name a node. A well-known one may do so through another variable."""
    # Without `a`, compiling `i` takes a millisecond, for all letters of Unicode.
    name = re.compile(rf"(?ai)(?<![A-Za-z0-9_.-]){re.escape(alias)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])")
    return tuple(
        variable
        for variable, value in environment.items()
        if variable.lower() != _EXCEPTIONS
        and (name.search(value or "") or (variable.lower() in _PROXIES and "$" in (value or "")))
    )


class Bypass(NamedTuple):
    """Why requests bypass a node: an `exception` in `variables` (a NO_PROXY), else these are for other schemes."""

    variables: tuple[str, ...]
    exception: str | None = None


def bypass(environment: Environment, proxies: tuple[str, ...], target: Target) -> Bypass | None:
    """Return why requests to a target bypass the node that the variables `proxies` name; None if they go through it.

    A variable that is not well-known, such as a browser option, is assumed to apply to all requests. A target without a
    scheme may be reached by either.
    """
    if any(name.lower() not in _PROXIES for name in proxies):
        return None
    schemes = {scheme for name in proxies for scheme in _PROXIES[name.lower()]}
    if target.scheme and target.scheme not in schemes:
        return Bypass(proxies)
    for name, value in environment.items():
        entry = exception_for(value or "", target) if name.lower() == _EXCEPTIONS else None
        if entry is not None:
            return Bypass((name,), entry)
    return None


def exception_for(exceptions: str, target: Target) -> str | None:
    """Return the entry of a NO_PROXY that exempts a target: its host, a domain of it, either with its port, or `*`."""
    for entry in re.split(r"[,\s]+", exceptions.strip()):
        host, _, port = entry.lower().partition(":")
        domain = host.removeprefix("*").removeprefix(".")
        is_for_port = not port or target.port is None or port == str(target.port)
        if entry == "*" or (domain and is_for_port and (target.host == domain or target.host.endswith(f".{domain}"))):
            return entry
    return None
