"""The dispatcher: starts the units of a run, follows them, and ends the run when the last of them has ended."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from fastflow.cluster.cluster import Cluster, Unit
from fastflow.cluster.ending import INTERRUPTED
from fastflow.cluster.watching import UnitWatch
from fastflow.errors import EngineError, ExitCode
from fastflow.model.compose_keys import LABEL
from fastflow.record.events import Event, Note
from fastflow.run.at_once import at_once
from fastflow.run.engine import Stream
from fastflow.run.observer import Cancellation


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a dispatcher waits, in seconds.

    A unit is followed again after `silence`, judged by the cluster's state `settling` after its last line, and given up
    `lost` after its node was last seen. A cancelled run ends after `cancelling`, whatever its units do.
    """

    poll: float = 1.0
    silence: float = 15.0
    settling: float = 3.0
    lost: float = 60.0
    cancelling: float = 6.0


@dataclass
class _Followed:
    """A started unit: the watch over it, and since when its node is lost."""

    watch: UnitWatch
    stream: Stream | None = None
    lost_since: float | None = None
    reread: bool = False


@dataclass
class Dispatcher:
    """Runs units on one cluster. `waiting` are those that have not started; at most `limit` run at once.

    `started` are units that already run, for resuming the watch.
    """

    cluster: Cluster
    run: str
    waiting: list[UnitWatch]
    cancellation: Cancellation
    emit: Callable[[Event], None]
    limit: int | None = None
    fail_fast: bool = False
    patience: Patience = field(default_factory=Patience)
    _followed: dict[str, _Followed] = field(default_factory=dict)
    _inbox: "queue.SimpleQueue[tuple[str, str] | None]" = field(default_factory=queue.SimpleQueue)
    _cancelled_at: float | None = None
    _silent_since: float | None = None
    _reasons: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cancellation.watchers.append(lambda: self._inbox.put(None))

    def follow_started(self, watches: Iterable[UnitWatch]) -> None:
        """Follow units that were started before."""
        for watch in watches:
            self._follow(watch)

    def execute(self) -> None:
        """Run all units until they end. Never raises an error that a unit or its node can cause."""
        next_poll = time.monotonic() + self.patience.poll
        try:
            while self._goes_on():
                self._react_to_cancellation()
                self._start_more()
                self._read(next_poll)
                if time.monotonic() >= next_poll:
                    self._poll()
                    next_poll = time.monotonic() + self.patience.poll
        finally:
            at_once(_close, list(self._followed.values()))

    def _goes_on(self) -> bool:
        if self._cancelled_at is not None and not self.waiting:
            is_late = time.monotonic() - self._cancelled_at > self.patience.cancelling
            if is_late or self.cancellation.hurried_at is not None:
                self._give_up()
        return bool(self.waiting) or any(not one.watch.is_over for one in self._followed.values())

    def _give_up(self) -> None:
        for one in self._followed.values():
            if not one.watch.is_over:
                one.watch.cancel(f"{self.cancellation.reason}; its agent may still be ending it on {one.watch.node}")

    # Starting and stopping
    def _start_more(self) -> None:
        while self.waiting and not self.cancellation.is_set:
            live = sum(not one.watch.is_over for one in self._followed.values())
            if self.limit is not None and live >= self.limit:
                return
            watch = self.waiting.pop(0)
            try:
                self.cluster.start(watch.id)
            except EngineError as error:
                watch.fail(f"unit {watch.number} could not be started: {error.message}", error.hint)
            self._follow(watch)

    def _follow(self, watch: UnitWatch) -> None:
        one = self._followed.setdefault(watch.id, _Followed(watch))
        if one.stream is not None:
            one.stream.close()
            one.stream = None
        watch.heard = time.monotonic()
        if not watch.is_over:
            with suppress(EngineError):  # tried again when it stays silent
                one.stream = self.cluster.follow(watch.id, lambda line: self._inbox.put((watch.id, line)))

    def _react_to_cancellation(self) -> None:
        if not self.cancellation.is_set or self._cancelled_at is not None:
            return
        self._cancelled_at = time.monotonic()
        while self.waiting:
            self.waiting.pop(0).cancel(f"{self.cancellation.reason}, while waiting")
        live = [one.watch.id for one in self._followed.values() if not one.watch.is_over]
        threading.Thread(target=at_once, args=(self._cancel, live), daemon=True, name="cancel-units").start()

    def _cancel(self, unit: str) -> None:
        with suppress(EngineError):
            self.cluster.cancel(unit)

    # Listening
    def _read(self, until: float) -> None:
        """Take lines as they arrive, up to a time (monotonic), or until there is something to decide."""
        while True:
            try:
                item = self._inbox.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            if item is None:
                return
            one = self._followed[item[0]]
            was_over = one.watch.is_over
            one.watch.take(item[1])
            if one.watch.reader.has_gap and not one.watch.is_over:
                one.watch.reader.has_gap = False
                self._follow(one.watch)
            if one.watch.is_over and not was_over:
                self._ended(one)
                return

    def _ended(self, one: _Followed) -> None:
        """Handle the end of a unit. One whose agent did not report it, as one of another version, must not go on."""
        if one.watch.code is None:
            self._cancel(one.watch.id)
        if one.watch.is_interrupted and not self.cancellation.is_set:
            self._find_out_who(one.watch)
        if self.fail_fast and not self.cancellation.is_set:
            self._fail_fast(one.watch)

    def _find_out_who(self, watch: UnitWatch) -> None:
        """Find out who told an agent to stop: a user who ends the run, or its node."""
        with suppress(EngineError):
            unit = next((one for one in self.cluster.units({f"{LABEL}.run": self.run}) if one.id == watch.id), None)
            if unit is None or unit.is_cancelled:
                self.cancellation.set(INTERRUPTED, ExitCode.INTERRUPTED)
                return
        watch.blame_node()

    def _fail_fast(self, watch: UnitWatch) -> None:
        for result in watch.results.values():
            if result.state in ("failed", "vulnerable") and not result.allow_failure:
                self.cancellation.set(f"{result.id} {result.state} (--fail-fast)")
                return

    # Asking
    def _poll(self) -> None:
        """Ask the cluster for the state of all units in one call."""
        live = [one for one in self._followed.values() if not one.watch.is_over]
        if not live:
            return
        try:
            units = {unit.id: unit for unit in self.cluster.units({f"{LABEL}.run": self.run})}
        except EngineError as error:
            if self._silent_since is None:
                self._silent_since = time.monotonic()
                self.emit(Note(f"the cluster does not answer: {error.message}; its units continue, trying again"))
            return
        if self._silent_since is not None:
            self._silent_since = None
            self.emit(Note("the cluster answers again"))
        for one in live:
            self._look_at(one, units.get(one.watch.id))
        self._say_what_waits(units.values())

    def _say_what_waits(self, units: Iterable[Unit]) -> None:
        """Note once for each reason that units have no node: a cluster waits forever for a suitable one."""
        reasons = Counter(unit.message for unit in units if unit.state == "pending" and unit.message)
        for reason, count in reasons.items():
            if reason not in self._reasons:
                self._reasons.add(reason)
                self.emit(Note(f"units without a node yet: {count}; the cluster says: {reason}"))

    def _look_at(self, one: _Followed, unit: Unit | None) -> None:
        watch, quiet = one.watch, time.monotonic() - one.watch.heard
        if unit is None:
            self._read_again(one)
            if not watch.is_over:
                watch.fail("its unit was removed from the cluster", "check that nobody removes its service")
        elif unit.state == "ended" and (quiet > self.patience.settling or unit.node is None):
            self._read_again(one)
            if not watch.is_over:
                watch.judge(unit)
        elif unit.is_lost:
            self._wait_for_node(one, unit)
        elif quiet > self.patience.silence and unit.state == "running":
            one.lost_since = None
            self._follow(watch)
        if watch.is_over:
            self._ended(one)

    def _read_again(self, one: _Followed) -> None:
        """Read a log again from its beginning: its stream may have stopped before its end."""
        lines: list[str] = []
        with suppress(EngineError):
            self.cluster.read_log(one.watch.id, lines.append)
        for line in lines:
            one.watch.take(line)

    def _wait_for_node(self, one: _Followed, unit: Unit) -> None:
        """Wait for a node that does not answer; its unit may be alive, so nothing replaces it."""
        if one.lost_since is None:
            one.lost_since = time.monotonic()
            self.emit(Note(f"node {unit.node} does not answer; waiting for it up to {self.patience.lost:g} s"))
        elif time.monotonic() - one.lost_since > self.patience.lost:
            hint = "wait for the node: when it is back, the cluster stops what is left of the unit"
            one.watch.fail(f"node {unit.node} was lost (infrastructure)", hint)


def _close(one: _Followed) -> None:
    if one.stream is not None:
        one.stream.close()
