"""A response of the application under test, as its detectors read it."""

import re
import zlib
from dataclasses import dataclass

from ..http import Response

LARGEST_TEXT = 2_000_000
_MARKUP_TYPES = frozenset(("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"))
# What a browser takes for HTML where no type is told (WHATWG, MIME sniffing).
_SNIFFED = re.compile(
    r"\s*<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)[\s>]", re.IGNORECASE
)


@dataclass(frozen=True)
class Page:
    """Status, text, and whether a browser would show the text as a page; status 0 stands for no answer."""

    status: int
    text: str
    is_markup: bool


NO_ANSWER = Page(0, "", False)


def read_page(response: Response) -> Page:
    """Make a page of a response."""
    text = _decode(response)
    return Page(response.status, text, _is_markup(response, text))


def _decode(response: Response) -> str:
    body = response.body
    if response.header(b"content-encoding").strip().lower() in ("gzip", "x-gzip", "deflate"):
        try:
            body = zlib.decompressobj(wbits=47).decompress(body, LARGEST_TEXT)
        except zlib.error:
            return ""
    match = re.search(r"charset=[\"']?([\w-]+)", response.header(b"content-type"), re.IGNORECASE)
    try:
        return body[:LARGEST_TEXT].decode(match[1] if match else "utf-8", "replace")
    except LookupError:
        return body[:LARGEST_TEXT].decode("utf-8", "replace")


def _is_markup(response: Response, text: str) -> bool:
    """Tell what a browser renders: no JSON, no plain text, no download, and no redirect, which it follows."""
    if 300 <= response.status < 400 and response.header(b"location"):
        return False
    if response.header(b"content-disposition").strip().lower().startswith("attachment"):
        return False
    kind = response.header(b"content-type").partition(";")[0].strip().lower()
    if kind:
        return kind in _MARKUP_TYPES
    return response.header(b"x-content-type-options").strip().lower() != "nosniff" and bool(_SNIFFED.match(text))
