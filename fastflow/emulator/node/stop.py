"""Being told to stop from outside: SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
_CANCELLATIONS = 10
_PAUSE = 0.1  # seconds


class StoppedError(Exception):
    """The node was told to stop before its work was done."""


class Stop:
    """Listens to the signals for as long as the loop runs."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.requested.set)

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work, or raise StoppedError (with the work cancelled) as soon as the node is told to stop."""
        task = asyncio.ensure_future(work)
        waiting = asyncio.ensure_future(self.requested.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            return task.result()
        await cancel_all([task])
        raise StoppedError


async def cancel_all(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Cancel what is not done, and wait until it has ended; failures of theirs count no more.

    Once is not enough: before Python 3.12 `asyncio.wait_for` loses a cancellation that comes as its work ends.
    """
    left = set(tasks)
    for _ in range(_CANCELLATIONS):
        for task in left:
            task.cancel()
        if left:
            done, left = await asyncio.wait(left, timeout=_PAUSE)
            for task in done:
                if not task.cancelled():
                    task.exception()
