"""Several things at once, each in a thread that does not keep the process alive."""

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def at_once(do: Callable[[T], object], items: Iterable[T]) -> None:
    """Call `do` on all items at once and wait; it must not raise. If no more threads can be started, in turn."""
    threads = []
    for item in items:
        thread = threading.Thread(target=do, args=(item,), daemon=True, name="at-once")
        try:
            thread.start()
            threads.append(thread)
        except RuntimeError:  # no more threads
            do(item)
    for thread in threads:
        thread.join()
