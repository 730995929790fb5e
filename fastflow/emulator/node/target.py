"""Sends requests to the application under test: so many at once, so many a second."""

import asyncio
import time
from urllib.parse import urlsplit

from ..http import CONNECT_TIMEOUT, HttpError, NoConnectionError, fetch
from .baseline import Baseline
from .page import NO_ANSWER, Page, read_page
from .points import Point, with_value

TIMEOUT = 15.0  # seconds that an answer may take
_RETRIES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds: an application may start again after a request that ended it


class TargetError(Exception):
    """The application cannot be reached; the text says where."""


class Target:
    """The way to the application, with its limits and its counts."""

    def __init__(self, workers: int, rps: float | None) -> None:
        self._places = asyncio.Semaphore(workers)
        self._interval = 1 / rps if rps else 0.0
        self._next = self._start = time.monotonic()
        self.sent = 0

    async def check(self, url: str) -> None:
        """Connect once; raises TargetError."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        for pause in (*_RETRIES, None):
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(parts.hostname, port), CONNECT_TIMEOUT)
            except (TimeoutError, OSError, ValueError) as error:
                if pause is None or isinstance(error, asyncio.TimeoutError):
                    raise TargetError(f"{parts.scheme}://{parts.netloc}") from error
                await asyncio.sleep(pause)
            else:
                writer.close()
                return

    async def send(self, request: Baseline) -> Page:
        """Send a request; one that is not answered gives NO_ANSWER. Raises TargetError."""
        async with self._places:
            await self._wait_for_turn()
            self.sent += 1
            try:
                return read_page(await fetch(request.method, request.url, request.headers, request.body, TIMEOUT))
            except NoConnectionError:
                await self.check(request.url)
            except (TimeoutError, OSError, HttpError):
                pass
            return NO_ANSWER

    async def _wait_for_turn(self) -> None:
        if self._interval:
            self._next = max(self._next + self._interval, time.monotonic())
            await asyncio.sleep(self._next - time.monotonic())

    def average(self) -> float:
        """Requests a second since the start."""
        return round(self.sent / max(time.monotonic() - self._start, 0.001), 1)


class Probe:
    """One parameter of one request, to be tried with values."""

    def __init__(self, target: Target, request: Baseline, point: Point) -> None:
        self._target = target
        self._request = request
        self.point = point

    def request(self, value: str) -> Baseline:
        """The request with a value in the parameter's place."""
        return with_value(self._request, self.point, value)

    async def send(self, value: str) -> Page:
        """Send it; raises TargetError."""
        return await self._target.send(self.request(value))

    async def send_all(self, values: list[str]) -> list[Page]:
        """Send many at once; raises TargetError."""
        return await asyncio.gather(*(self.send(value) for value in values))
