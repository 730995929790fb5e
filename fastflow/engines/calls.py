"""Calls to one engine: a limited number at once, each with a time limit, and interruptible together."""

import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from fastflow.engines.messages import failed, interrupted, not_found, shown, timed_out
from fastflow.engines.semaphore import PrioritySemaphore
from fastflow.engines.workers import WORKERS, Answer, Call, Order
from fastflow.errors import EngineError

_SETTLING = 1.0
"""Seconds in which an engine finishes the work of a killed call: a network takes half of it on two busy cores."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a call. `timeout` is in seconds; a short call or a change takes one of the few places.

    Among waiting changes, the one with the lowest rank comes first. `Calls.interrupt` kills an interruptible call.
    """

    timeout: float
    is_short: bool = True
    is_change: bool = False
    is_interruptible: bool = False
    rank: int = 0


@dataclass
class Calls:
    """Makes calls, at most `max_calls` at once, not counting those that wait for something.

    At most half of the places are for changes of projects: they cost the most, and other calls must not queue behind
    them.
    """

    max_calls: int = 8
    _places: Mapping[bool, PrioritySemaphore] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: set[Call] = field(default_factory=set)
    _interrupts: int = 0
    _settled_at: float | None = None

    def __post_init__(self) -> None:
        changes = max(1, self.max_calls // 2)
        short = max(1, self.max_calls - changes)
        self._places = {True: PrioritySemaphore(changes), False: PrioritySemaphore(short)}

    @property
    def interrupts(self) -> int:
        """The number of interrupts; a call whose work began before the last one is not made any more."""
        return self._interrupts

    def slot(self, *, is_change: bool = False, rank: int = 0) -> AbstractContextManager[object]:
        """Take one of the few places for short calls, or of those for changes, for as long as the context lasts."""
        return self._places[is_change].take(rank)

    def make(self, order: Order, terms: Terms, since: int | None = None) -> str:
        """Make a call and return what it printed on stdout.

        `since` is the value of `interrupts` when the work of this call began. Raises EngineCallError if the call ends
        with an error or is interrupted, EngineTimeoutError after its time limit.
        """
        since = self._interrupts if since is None else since
        is_counted = terms.is_short or terms.is_change
        with self.slot(is_change=terms.is_change, rank=terms.rank) if is_counted else nullcontext():
            try:
                answer = self._made(order, terms, since)
            except ConnectionError:
                answer = self._made_again(order, terms, since)
            except TimeoutError:
                self._begin_settling(terms)
                raise timed_out(order.shown, terms.timeout) from None
        return self._judged(order, answer, terms, since)

    def _made_again(self, order: Order, terms: Terms, since: int) -> Answer | None:
        try:
            return self._made(order, terms, since)
        except ConnectionError:
            hint = "check that nothing ends its processes, and that fastflow's installation is complete"
            raise EngineError(f"`{order.shown}` cannot be run: its process ends at once", hint) from None

    def _made(self, order: Order, terms: Terms, since: int) -> Answer | None:
        call = self._begin(order, terms, since)
        try:
            return call.make(order, terms.timeout)
        finally:
            with self._lock:
                self._under_way.discard(call)

    def _begin(self, order: Order, terms: Terms, since: int) -> Call:
        with self._lock:
            if terms.is_interruptible and self._interrupts != since:
                raise interrupted(order.shown)
            try:
                call = WORKERS.begin(order.environment)
            except OSError as error:
                raise EngineError(f"`{order.shown}` cannot be run: {error}") from None
            if terms.is_interruptible:
                self._under_way.add(call)
            return call

    def _judged(self, order: Order, answer: Answer | None, terms: Terms, since: int) -> str:
        if answer is not None and answer.code == 0:
            return answer.output
        if terms.is_interruptible and self._interrupts != since:
            self._begin_settling(terms)
            raise interrupted(order.shown)
        if answer is None:
            raise EngineError(f"`{order.shown}` was killed", "check that the machine has enough memory")
        if answer.code is None:
            raise not_found("docker")
        raise failed(shown(answer.command), answer.output, exit_code=answer.code)

    def interrupt(self) -> None:
        """Kill every interruptible call that is under way, and keep those that wait for a place from beginning."""
        with self._lock:
            self._interrupts += 1
            for call in self._under_way:
                call.kill()

    def _begin_settling(self, terms: Terms) -> None:
        if terms.is_interruptible:
            self._settled_at = time.monotonic() + _SETTLING

    def settle(self) -> bool:
        """Wait until the engine has finished the work of interrupted calls; False if none was interrupted."""
        if self._settled_at is None:
            return False
        threading.Event().wait(max(0.0, self._settled_at - time.monotonic()))  # it does not report when that is
        self._settled_at = None
        return True
