"""HAR files for tests, as mitmproxy writes them."""

import json
from typing import Any


def entry(url: str = "http://app/", status: int = 200, **request: Any) -> dict[str, Any]:
    """A request as mitmproxy writes it."""
    return {
        "request": {"method": "GET", "url": url, "headers": [], **request},
        "response": {"status": status, "headers": []},
    }


def har_of(*entries: Any) -> bytes:
    """A HAR file."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries}}).encode()
