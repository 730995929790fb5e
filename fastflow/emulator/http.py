"""HTTP/1.1 on asyncio streams; h11 does the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import h11

if TYPE_CHECKING:
    import ssl

CHUNK = 65_536
CONNECT_TIMEOUT = 10.0
LARGEST_BODY = 64_000_000
LINGER = 2.0
LARGEST_HEADERS = 262_144
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Request:
    """A request with its whole body; `target` is as it was sent: a path, or a whole URL to a proxy."""

    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Response:
    """A response with its whole body."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        """The value of a header, or nothing."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), "")


class HttpError(Exception):
    """The other side does not speak HTTP, or not to the end."""


class NoConnectionError(OSError):
    """A host cannot be resolved or connected to; the text is the host with its port."""


Tunnel = Callable[[Request, asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]
Respond = Callable[[h11.Event], Awaitable[None]]
Handle = Callable[[Request, Respond], Awaitable[None]]


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle, tunnel: Tunnel | None = None
) -> None:
    """Answer the requests of one connection until it closes; what is no HTTP gets a 4xx and a closed connection."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEADERS)

    async def respond(event: h11.Event) -> None:
        writer.write(connection.send(event) or b"")
        await writer.drain()

    try:
        while (request := await _read_request(connection, reader, writer)) is not None:
            if request.method == "CONNECT" and tunnel is not None:
                await tunnel(request, reader, writer, connection.trailing_data[0])
                return
            await handle(request, respond)
            if connection.our_state is h11.MUST_CLOSE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()
    except h11.RemoteProtocolError as error:
        with suppress(OSError, h11.LocalProtocolError, asyncio.TimeoutError):
            await _refuse(connection, reader, respond, error)
    except (h11.LocalProtocolError, OSError):
        return
    finally:
        writer.close()


async def _refuse(
    connection: h11.Connection, reader: asyncio.StreamReader, respond: Respond, error: h11.RemoteProtocolError
) -> None:
    """Say what was wrong, then read on for a while: closing at once would take the answer from one who still sends."""
    if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    status = error.error_status_hint
    content = json.dumps({"status": status, "body": {"error": str(error)}}).encode()
    await send_simple(respond, status, content, "application/json")

    async def discard() -> None:
        while await reader.read(CHUNK):
            pass

    await asyncio.wait_for(discard(), LINGER)


async def _read_request(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Request):
            head = event
            if head.method == b"CONNECT":
                return Request("CONNECT", head.target.decode("latin-1"), list(head.headers), b"")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Request(
                head.method.decode("latin-1"), head.target.decode("latin-1"), list(head.headers), bytes(body)
            )
        else:
            return None


async def send_simple(respond: Respond, status: int, body: bytes, content_type: str = "text/plain") -> None:
    """Send a whole response at once."""
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    await respond(h11.Response(status_code=status, headers=headers))
    await respond(h11.Data(data=body))
    await respond(h11.EndOfMessage())


async def stream_response(
    method: str, url: str, headers: Headers, body: bytes, timeout: float
) -> AsyncGenerator[h11.Event, None]:
    """Send a request over a connection of its own and give the events of the response as they come.

    `timeout` is in seconds, for each piece of the response. Raises NoConnectionError, OSError, asyncio.TimeoutError
    or HttpError.
    """
    parts = urlsplit(url)
    reader, writer = await _connect(url, min(timeout, CONNECT_TIMEOUT))
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEADERS)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        event: h11.Event = h11.Request(method=method, target=path, headers=_outgoing(headers, parts.netloc, body))
        writer.write(connection.send(event) or b"")
        if body:
            writer.write(connection.send(h11.Data(data=body)) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        while True:
            received = connection.next_event()
            if received is h11.NEED_DATA:
                connection.receive_data(await asyncio.wait_for(reader.read(CHUNK), timeout))
                continue
            assert isinstance(received, h11.Event)
            if isinstance(received, h11.ConnectionClosed):
                raise HttpError("the connection was closed before the response ended")
            yield received
            if isinstance(received, h11.EndOfMessage):
                return
    except h11.ProtocolError as error:
        raise HttpError(str(error)) from error
    finally:
        writer.close()


async def _connect(url: str, timeout: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        opening = asyncio.open_connection(parts.hostname or "", port, ssl=_tls() if parts.scheme == "https" else None)
        return await asyncio.wait_for(opening, timeout)
    except (TimeoutError, OSError, ValueError) as error:  # ValueError: no port, or no name that DNS allows
        raise NoConnectionError(parts.netloc.rpartition("@")[2]) from error


async def fetch(method: str, url: str, headers: Headers, body: bytes = b"", timeout: float = 30.0) -> Response:
    """Send a request and read the whole response; raises what `stream_response` raises."""
    status, found, content = 0, Headers(), bytearray()
    async with aclosing(stream_response(method, url, headers, body, timeout)) as events:
        async for event in events:
            if isinstance(event, h11.Response):
                status, found = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > LARGEST_BODY:
                    raise HttpError("the response is too large")
    return Response(status, found, bytes(content))


def _outgoing(headers: Headers, netloc: str, body: bytes) -> Headers:
    """Headers as they go out: without those of the hop, with the right host and length, on a connection of its own."""
    named = {
        word.strip().lower() for key, value in headers if key.lower() == b"connection" for word in value.split(b",")
    }
    dropped = HOP_BY_HOP | named | {b"host", b"content-length", b"expect"}
    kept = [(key, value) for key, value in headers if key.lower() not in dropped]
    had_length = any(key.lower() in (b"content-length", b"transfer-encoding") for key, _ in headers)
    length = [(b"Content-Length", str(len(body)).encode())] if body or had_length else []
    return [(b"Host", netloc.rpartition("@")[2].encode("latin-1")), *kept, *length, (b"Connection", b"close")]


def _tls() -> ssl.SSLContext:
    import ssl  # noqa: PLC0415  # it takes long to import, and few need it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # applications under test have certificates of their own making
    context.verify_mode = ssl.CERT_NONE
    return context
