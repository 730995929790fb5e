"""An attack request as a curl command, to send it again by hand."""

import re
import shlex
from urllib.parse import urlsplit

_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/[0-9.]+")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+): ?(.*)")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_OWN_HEADERS = ("host", "content-length", "connection", "transfer-encoding", "accept-encoding")
"""Headers that curl sets itself."""


def curl_command(request: str, uri: str | None) -> str | None:
    """Convert an HTTP/1 request, as text, to a command; None if a command cannot send it again.

    `uri` is the attacked address, because the request itself does not show whether it used HTTPS.
    """
    head, _, body = request.partition("\n\n")
    first, *lines = head.split("\n")
    started = _REQUEST_LINE.fullmatch(first.strip())
    headers = [found.groups() for line in lines if (found := _HEADER.fullmatch(line))]
    if started is None or len(headers) != len(lines) or _UNSENDABLE.search(request):
        return None
    url = _url(started[2], uri, next((value for name, value in headers if name.lower() == "host"), ""))
    if url is None:
        return None
    # Unchanged: curl must not shorten paths or read brackets as patterns.
    words = ["curl", "--include", "--path-as-is", "--globoff"]
    words += ["--head"] if started[1] == "HEAD" else ["--request", started[1]]
    words.append(url)
    for name, value in headers:
        if name.lower() not in _OWN_HEADERS:
            words += ["--header", f"{name}: {value}" if value else f"{name};"]
    if body:
        words += ["--data-raw", body]
    return shlex.join(words)


def _url(target: str, uri: str | None, host: str) -> str | None:
    if re.match(r"https?://", target):
        return target
    try:
        attacked = urlsplit(uri or "")
    except ValueError:
        return None
    scheme = attacked.scheme if attacked.scheme in ("http", "https") else "http"
    place = host.strip() or attacked.netloc
    return f"{scheme}://{place}{target}" if place and target.startswith("/") else None
