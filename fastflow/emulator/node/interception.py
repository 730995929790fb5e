"""HTTPS that is to be recorded: the node stands in for the host, with a certificate of its own authority.

For each host a server of TLS on the node's loopback: a tunnel leads to it instead of to the host.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..http import CONNECT_TIMEOUT, Handle, Request, Respond, serve_connection
from .proxy import Streams, carry

if TYPE_CHECKING:
    import ssl

    from .certificates import Authority

_HANDSHAKE = b"\x16\x03"  # how the first record of TLS begins (RFC 8446, 5.1)
_FIRST = 16_384


class Interception:
    """CONNECT: where TLS to a host that is recorded comes, its requests are handled; all else passes as it is."""

    def __init__(self, given: Authority | None, is_allowed: Callable[[str], bool], handle: Handle) -> None:
        """Without a given authority the node makes its own; raises OSError where TLS does not take the given one."""
        self._authority = given
        self._is_allowed = is_allowed
        self._handle = handle
        self._servers: dict[str, asyncio.Server] = {}
        self._starting = asyncio.Lock()
        if given is not None:
            _context(given, "localhost")

    async def tunnel(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, early: bytes
    ) -> None:
        """Answer CONNECT and pass bytes on both ways."""
        host, _, port = request.target.rpartition(":")
        host = host.strip("[]")
        try:
            there = await asyncio.wait_for(asyncio.open_connection(host, int(port)), CONNECT_TIMEOUT)
        except (TimeoutError, OSError, ValueError, OverflowError):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if self._is_allowed(host):
                early = early or await _first((reader, writer), there)
            if self._is_allowed(host) and early.startswith(_HANDSHAKE):
                there[1].close()
                there = await asyncio.open_connection("127.0.0.1", await self._port(host, int(port)))
            await carry((reader, writer), there, early)
        finally:
            there[1].close()

    async def _port(self, host: str, port: int) -> int:
        """The port of the server that stands in for a host."""
        shown = f"[{host}]" if ":" in host else host
        origin = f"https://{shown}" if port == 443 else f"https://{shown}:{port}"
        async with self._starting:
            if origin not in self._servers:
                self._servers[origin] = await self._start(host, origin)
        return int(self._servers[origin].sockets[0].getsockname()[1])

    async def _start(self, host: str, origin: str) -> asyncio.Server:
        from .certificates import own_authority  # noqa: PLC0415  # see there

        self._authority = self._authority or own_authority()

        async def handle(request: Request, respond: Respond) -> None:
            is_path = request.target.startswith("/")
            await self._handle(replace(request, target=origin + request.target) if is_path else request, respond)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serve_connection(reader, writer, handle)

        return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_context(self._authority, host))


def given_authority(environment: Mapping[str, str]) -> Authority | None:
    """The authority that CA_CERT and CA_KEY name; None where neither is set. Raises OSError and ValueError."""
    certificate, key = environment.get("CA_CERT", "").strip(), environment.get("CA_KEY", "").strip()
    if bool(certificate) != bool(key):
        raise ValueError("CA_CERT and CA_KEY must be set together")
    if not certificate:
        return None
    from .certificates import read_authority  # noqa: PLC0415  # see there

    return read_authority(Path(certificate), Path(key))


def _context(authority: Authority, host: str) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415  # it takes long to import, and few need it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as scratch:  # which is the only way that it takes them
        path = Path(scratch) / "chain.pem"
        path.write_bytes(authority.issue(host))
        context.load_cert_chain(path)
    return context


async def _first(here: Streams, there: Streams) -> bytes:
    """What the client says first, or nothing where the server speaks before it. Raises OSError."""
    client, server = (asyncio.ensure_future(streams[0].read(_FIRST)) for streams in (here, there))
    await asyncio.wait({client, server}, return_when=asyncio.FIRST_COMPLETED)
    for task in (client, server):
        task.cancel()  # what a reader has not given stays in it
    said, heard = await asyncio.gather(client, server, return_exceptions=True)
    here[1].write(heard if isinstance(heard, bytes) else b"")
    if isinstance(said, OSError):
        raise said
    return said if isinstance(said, bytes) else b""
