"""Being told to stop from outside: SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """The node was told to stop before its work was done."""


class Stop:
    """Listens to the signals for as long as the loop runs."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.told.set)

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work, or raise StoppedError (with the work cancelled) as soon as the node is told to stop."""
        task = asyncio.ensure_future(work)
        waiting = asyncio.ensure_future(self.told.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        raise StoppedError
