"""A forward proxy: a request goes on over a connection of its own, its response comes back as it arrives."""

import asyncio
import re
from contextlib import aclosing, suppress
from urllib.parse import urlsplit

import h11

from ..http import CHUNK, HOP_BY_HOP, HttpError, Request, Respond, send_simple, stream_response

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
TIMEOUT = 120.0  # seconds that a piece of a response may take


def proxied_url(request: Request) -> str | None:
    """Give the URL that a proxy is asked for, or None where it is no whole URL of a host."""
    try:
        parts = urlsplit(request.target)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return request.target if is_whole and re.match(r"https?://", request.target, re.IGNORECASE) else None


async def forward(request: Request, url: str, respond: Respond) -> bool:
    """Pass a request on and its response back; tell whether it was answered. Raises OSError where it broke off."""
    has_begun = False
    events = stream_response(request.method, url, list(request.headers), request.body, TIMEOUT)
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, h11.InformationalResponse):
                    continue
                has_begun = True
                await respond(_without_hop(event) if isinstance(event, h11.Response) else event)
    except (TimeoutError, OSError, HttpError) as failure:
        if has_begun:
            raise OSError("the response broke off") from failure
        await send_simple(respond, 502, f"the proxy cannot reach {urlsplit(url).netloc}\n".encode())
        return False
    return True


def _without_hop(response: h11.Response) -> h11.Response:
    is_chunked = any(key == b"transfer-encoding" for key, _ in response.headers)
    dropped = HOP_BY_HOP | ({b"content-length"} if is_chunked else set())
    kept = [(key, value) for key, value in response.headers if key.lower() not in dropped]
    return h11.Response(status_code=response.status_code, headers=kept, reason=response.reason)


async def carry(here: Streams, there: Streams, early: bytes) -> None:
    """Pass bytes on both ways until both sides have ended; `early` are those that were read before."""
    there[1].write(early)
    await asyncio.gather(_pump(here[0], there[1]), _pump(there[0], here[1]))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, and pass the end on; a broken side ends both."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        with suppress(OSError):
            writer.close()
