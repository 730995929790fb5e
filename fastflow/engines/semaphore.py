"""A semaphore that serves waiters by rank."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PrioritySemaphore:
    """A semaphore that serves waiters by rank, then by arrival.

    If the rank of a piece of work is its age, the first to begin ends first. Served in turns, all work would begin
    early and end late, and slow down the rest by what it holds on the engine meanwhile.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self.changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """The number of waiters; wait on `changed` for it to change."""
        return len(self._waiting)

    @contextmanager
    def take(self, rank: int = 0) -> Iterator[None]:
        """Wait for a place and hold it for as long as the context lasts."""
        with self.changed:
            own = (rank, next(self._numbers))
            heapq.heappush(self._waiting, own)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self._free > 0 and self._waiting[0] == own)
            heapq.heappop(self._waiting)
            self._free -= 1
            self.changed.notify_all()  # another place may be free for the next one
        try:
            yield
        finally:
            with self.changed:
                self._free += 1
                self.changed.notify_all()
