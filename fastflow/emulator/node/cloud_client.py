"""How a node speaks to the cloud."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

from ..http import HttpError, fetch

TIMEOUT = 4.0  # seconds


class DeniedError(Exception):
    """The cloud does not accept the token."""


class UnreachableError(Exception):
    """The cloud does not answer."""


class RefusedError(Exception):
    """The cloud refuses, with its word for why."""


class CloudClient:
    """Calls to the cloud with the node's token."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        scheme = "http" if environment.get("WALLARM_API_USE_SSL", "true").lower() == "false" else "https"
        self._base = f"{scheme}://{environment.get('WALLARM_API_HOST') or 'us1.api.wallarm.com'}"
        self._token = environment.get("WALLARM_API_TOKEN", "")

    async def call(self, method: str, path: str, content: Any = None) -> Any:
        """Call the API; raises DeniedError, UnreachableError or RefusedError."""
        sent = b"" if content is None else json.dumps(content).encode()
        token = re.sub(rb"[\x00-\x1f\x7f]", b"?", self._token.strip().encode("latin-1", "replace"))
        headers = [(b"X-WallarmAPI-Token", token), (b"Content-Type", b"application/json")]
        try:
            response = await asyncio.wait_for(fetch(method, self._base + path, headers, sent, TIMEOUT), TIMEOUT + 1)
        except (TimeoutError, OSError, HttpError) as error:
            raise UnreachableError(str(error)) from error
        if response.status in (401, 403):
            raise DeniedError
        try:
            content = json.loads(response.body)
        except ValueError as error:
            raise UnreachableError("the API host does not speak the API") from error
        if response.status >= 400:
            body = content.get("body") if isinstance(content, dict) else None
            raise RefusedError(str(body.get("error", response.status) if isinstance(body, dict) else response.status))
        return content
