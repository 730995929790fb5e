"""A baseline request, as it was recorded and as it goes to the application under test."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ..http import Headers

# The response must come whole, in a form that can be read, whatever the recorded client had in its cache.
_DROPPED = frozenset((b"accept-encoding", b"range", b"if-range", b"if-none-match", b"if-modified-since", b"if-match"))
_OF_SITE = frozenset((b"origin", b"referer"))


@dataclass(frozen=True)
class Baseline:
    """A request of a test record; `url` is whole."""

    id: str
    method: str
    url: str
    headers: Headers
    body: bytes

    @property
    def path(self) -> str:
        """The path of the URL."""
        return urlsplit(self.url).path or "/"

    def header(self, name: bytes) -> str:
        """The value of a header, or nothing."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), "")


def read_baseline(facts: Mapping[str, Any]) -> Baseline:
    """Make a baseline of what the cloud keeps of it."""
    headers = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in facts["headers"]]
    return Baseline(facts["id"], facts["method"], facts["url"], headers, base64.b64decode(facts["body"]))


def site_of(uri: str) -> str:
    """Give scheme, host, port and path prefix of TEST_RUN_URI; raises ValueError where it names no host."""
    text = uri if "://" in uri else f"http://{uri}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"TEST_RUN_URI names no application: {uri}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def aim(baseline: Baseline, site: str | None) -> Baseline:
    """Turn a baseline to the application under test: cookies and all other headers of its client stay."""
    parts = urlsplit(baseline.url)
    own = f"{parts.scheme}://{parts.netloc}"
    target = site or own
    origin = "://".join(urlsplit(target)[:2])
    headers = [
        (key, _of_origin(value, own, origin) if key.lower() in _OF_SITE else value)
        for key, value in baseline.headers
        if key.lower() not in _DROPPED
    ]
    query = f"?{parts.query}" if parts.query else ""
    return replace(baseline, url=f"{target}{parts.path or '/'}{query}", headers=headers)


def _of_origin(value: bytes, own: str, origin: str) -> bytes:
    """Applications compare Origin and Referer with their own host."""
    return re.sub(b"^" + re.escape(own.encode("latin-1")) + b"(?![^/])", lambda _: origin.encode("latin-1"), value)


def has_extension(baseline: Baseline, excluded: str) -> bool:
    """Tell whether FILE_EXTENSIONS_TO_EXCLUDE, such as `jpg|ico|png`, names the extension of the path."""
    name = baseline.path.rpartition("/")[2].lower()
    return any(name.endswith("." + word.strip(" .").lower()) for word in excluded.split("|") if word.strip(" ."))


def is_last(baseline: Baseline) -> tuple[bool, bool]:
    """Order: what may end the session comes last, what may change data comes after what only reads."""
    ends_session = re.search(r"log[-_]?(out|off)|sign[-_]?(out|off)", baseline.path, re.IGNORECASE) is not None
    return ends_session, baseline.method not in ("GET", "HEAD", "OPTIONS")
