"""A semaphore that serves waiters by rank."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PrioritySemaphore:
    """A semaphore that serves waiters by rank, then by arrival.

    With the rank of a piece of work being its age, what began first ends first: taken by turns, all of it would be
    begun early and end late, and what it holds on the engine meanwhile would slow down the rest.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self.changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many wait; who waits for that to change waits for `changed`."""
        return len(self._waiting)

    @contextmanager
    def take(self, rank: int = 0) -> Iterator[None]:
        """Wait for a place and have it for as long as the context lasts."""
        with self.changed:
            own = (rank, next(self._numbers))
            heapq.heappush(self._waiting, own)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self._free > 0 and self._waiting[0] == own)
            heapq.heappop(self._waiting)
            self._free -= 1
            self.changed.notify_all()  # another place may be free for the one behind
        try:
            yield
        finally:
            with self.changed:
                self._free += 1
                self.changed.notify_all()
