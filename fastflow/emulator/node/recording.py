"""Recording mode: a forward proxy that stores what it proxies as baseline requests."""

import asyncio
import base64
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ..http import HOP_BY_HOP, Request, Respond, send_simple, serve_connection
from .cloud_client import CloudClient, DeniedError, RefusedError, UnreachableError
from .hosts import host_matcher
from .interception import Interception, given_authority
from .log import error, info
from .proxy import forward, proxied_url
from .stop import Stop, StoppedError

PORT = 8080
INACTIVITY_TIMEOUT = 600.0  # seconds (Wallarm's FAST documentation)
_LARGEST_KEPT = 8_000_000  # bytes of a body
_LARGEST_BATCH = 16_000_000  # characters of encoded bodies
_RETRY = 1.0  # seconds
_GRACE = 2.0  # seconds that requests under way have to end
_LARGEST_END = 4.0  # seconds that the whole end may take: engines kill after 10
_DROPPED = HOP_BY_HOP | {b"content-length", b"expect"}
Failures = (UnreachableError, RefusedError, DeniedError)


class Recorder:
    """The proxy, the baselines that wait to be stored, and when the last one came."""

    def __init__(self, cloud: CloudClient, record: str, is_allowed: Callable[[str], bool]) -> None:
        self._cloud = cloud
        self._record = record
        self._is_allowed = is_allowed
        self._waiting: list[dict[str, Any]] = []
        self._storing = asyncio.Lock()
        self._news = asyncio.Event()
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.last = time.monotonic()

    async def handle(self, request: Request, respond: Respond) -> None:
        """Proxy one request; it becomes a baseline when it was answered."""
        url = proxied_url(request)
        if url is None:
            await send_simple(respond, 400, b"this is a proxy: send absolute URLs\n")
            return
        self._active += 1
        self._idle.clear()
        try:
            if await forward(request, url, respond) and self._is_allowed(urlsplit(url).hostname or ""):
                self._keep(request, url)
        finally:
            self._active -= 1
            if self._active == 0:
                self._idle.set()

    def _keep(self, request: Request, url: str) -> None:
        self.last = time.monotonic()
        if len(request.body) > _LARGEST_KEPT:
            info(f"A request to {urlsplit(url).netloc} is not recorded: its body is too large")
            return
        headers = [
            [key.decode("latin-1"), value.decode("latin-1")]
            for key, value in request.headers
            if key.lower() not in _DROPPED
        ]
        body = base64.b64encode(request.body).decode()
        self._waiting.append({"method": request.method, "url": url, "headers": headers, "body": body})
        self._news.set()

    async def store(self) -> None:
        """Store baselines as they come, many at once; where the cloud does not take them, try again later."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._flush()
            except Failures:
                await asyncio.sleep(_RETRY)
                self._news.set()

    async def _flush(self) -> None:
        async with self._storing:
            while self._waiting:
                count, size = 0, 0
                while count < len(self._waiting) and (count == 0 or size < _LARGEST_BATCH):
                    size += len(self._waiting[count]["body"])
                    count += 1
                batch = {"requests": self._waiting[:count]}
                await self._cloud.call("POST", f"/emulator/v1/records/{self._record}/baselines", batch)
                del self._waiting[:count]

    async def finish(self) -> None:
        """Let requests under way end, store the rest, and close the record."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._idle.wait(), _GRACE)
        await self._flush()
        await self._cloud.call("POST", f"/emulator/v1/records/{self._record}/finish", {})


async def run_recording(environment: Mapping[str, str]) -> int:
    """Record until SIGTERM (0) or until nothing came for INACTIVITY_TIMEOUT seconds (1)."""
    stop = Stop()
    cloud = CloudClient(environment)
    name = environment.get("TEST_RECORD_NAME") or datetime.now(UTC).strftime("TestRecord %b %d %H:%M UTC")
    asked = {"build_id": environment.get("BUILD_ID") or None, "name": name}
    try:
        inactivity = float(environment.get("INACTIVITY_TIMEOUT") or INACTIVITY_TIMEOUT)
        is_allowed = host_matcher(environment.get("ALLOWED_HOSTS", ""))
        record = str((await stop.guard(cloud.call("POST", "/emulator/v1/records", asked)))["id"])
        info("Node connected to Wallarm Cloud")
        recorder = Recorder(cloud, record, is_allowed)
        between = Interception(given_authority(environment), is_allowed, recorder.handle)
        server = await _listen(recorder, between, int(environment.get("FASTFLOW_EMULATOR_PROXY_PORT") or PORT))
    except StoppedError:
        return 0
    except (RefusedError, OSError, ValueError, re.error) as failure:
        error(f"Can't create new instance - {failure}")
        return 1
    info(f"TestRecord#{record} {name} starts to record")
    storing = asyncio.ensure_future(recorder.store())
    was_stopped = await _wait(stop, recorder, inactivity)
    server.close()
    code = await _finish(recorder, record, was_stopped)
    storing.cancel()
    return code


async def _listen(recorder: Recorder, between: Interception, port: int) -> asyncio.Server:
    return await asyncio.start_server(
        lambda reader, writer: serve_connection(reader, writer, recorder.handle, between.tunnel),
        "0.0.0.0",  # noqa: S104  # the proxy is there for other containers
        port,
        backlog=1024,
    )


async def _finish(recorder: Recorder, record: str, was_stopped: bool) -> int:
    try:
        await asyncio.wait_for(recorder.finish(), _LARGEST_END)
    except (TimeoutError, *Failures) as failure:
        error(f"The test record could not be finished: {str(failure) or 'Request Timeout'}")
        return 1
    info(f"TestRecord#{record} is finished" + ("" if was_stopped else ": no baseline request came any more"))
    return 0 if was_stopped else 1


async def _wait(stop: Stop, recorder: Recorder, inactivity: float) -> bool:
    """Tell whether the node was stopped from outside, rather than left without a baseline for so many seconds."""
    while True:
        left = recorder.last + inactivity - time.monotonic()
        if left <= 0:
            return False
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.requested.wait(), left)
            return True
