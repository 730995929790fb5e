"""A request to the Engine API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `timeout` is in seconds and applies to each wait on the socket."""

    method: str
    path: str
    timeout: float
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @property
    def target(self) -> str:
        """The path with its query, as it goes over the wire."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def shown(self) -> str:
        """The request for messages."""
        return f"{self.method} {self.path}"
