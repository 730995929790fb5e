"""The fields of a multipart form with their places in the body (RFC 7578)."""

import re
from collections.abc import Iterator
from itertools import pairwise

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_NAME = re.compile(rb'(?<![\w*])name=(?:"((?:\\.|[^"\\])*)"|([^\s;]+))', re.IGNORECASE)
_FILE = re.compile(rb"(?<!\w)filename\*?=", re.IGNORECASE)


def multipart_fields(body: bytes, content_type: str) -> Iterator[tuple[str, int, int]]:
    """Give name, start and end of each field's value; files are none."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        return
    delimiter = re.compile(
        rb"(?:^|\r?\n)--" + re.escape((match[1] or match[2]).encode("latin-1")) + rb"(?:--)?[ \t]*(?:\r?\n|$)"
    )
    marks = [(found.start(), found.end()) for found in delimiter.finditer(body)]
    for (_, after), (before, _) in pairwise(marks):
        head, gap = _head_end(body, after, before)
        disposition = next(
            (line for line in re.split(rb"\r?\n", head) if line.lower().startswith(b"content-disp")), b""
        )
        name = _NAME.search(disposition)
        if name is not None and gap <= before and not _FILE.search(disposition):
            raw = name[1] if name[1] is not None else name[2]
            yield re.sub(rb"\\(.)", rb"\1", raw).decode("utf-8", "replace"), gap, before


def _head_end(body: bytes, start: int, end: int) -> tuple[bytes, int]:
    """Give a part's headers and where its content starts; past its end where it has none."""
    gap = re.compile(rb"\r?\n\r?\n").search(body, start)
    return (body[start : gap.start()], gap.end()) if gap else (b"", end + 1)
