"""What waits for containers is woken, and goes on when the stream of events has ended."""

import threading
import time

import pytest

from fastflow.run import observer as module
from fastflow.run.failure import OverdueError, StoppedError
from fastflow.run.observer import Cancellation, Observer, has_ended
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.waiting import PATIENCE


def started(engine: FakeEngine) -> str:
    """The id of a container that runs."""
    box = engine.world.create("c", {}, "image", Script())
    engine.world.start(box)
    return box.container.id


def test_an_event_wakes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECHECK", 3600.0)  # nothing else wakes it
    engine = FakeEngine()
    observer = Observer(engine, Cancellation())
    observer.start()
    container = started(engine)
    threading.Timer(0.05, engine.end, ("c", 3)).start()
    (found,) = observer.wait_for_containers([container], has_ended, time.monotonic() + PATIENCE)
    assert found.exit_code == 3
    observer.close()


def test_without_events_it_looks_for_itself_and_attaches_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECHECK", 0.05)
    engine = FakeEngine()
    observer = Observer(engine, Cancellation())
    observer.start()
    for stream in list(engine.world.listeners):  # as when the engine restarts
        stream.close()
    container = started(engine)
    threading.Timer(0.2, engine.end, ("c", 0)).start()
    (found,) = observer.wait_for_containers([container], has_ended, time.monotonic() + PATIENCE)
    assert found.status == "exited"
    assert len(engine.world.listeners) == 1
    observer.close()
    assert engine.world.listeners == []


def test_a_deadline_and_a_cancellation_end_a_wait() -> None:
    cancellation = Cancellation()
    observer = Observer(FakeEngine(), cancellation)
    with pytest.raises(OverdueError):
        observer.wait(lambda: False, time.monotonic() + 0.01)
    threading.Timer(0.05, cancellation.set, ("enough",)).start()
    with pytest.raises(StoppedError):
        observer.wait(lambda: False, time.monotonic() + PATIENCE)
    with pytest.raises(OverdueError):
        observer.wait(lambda: False, time.monotonic() + 0.01, stoppable=False)


def test_the_first_reason_counts_and_a_thread_that_holds_the_lock_may_cancel() -> None:
    told: list[str] = []
    cancellation = Cancellation(watchers=[lambda: told.append("now")])
    with cancellation.changed:  # as a signal handler that interrupts the thread which holds it
        cancellation.set("first", 130)
    cancellation.set("second", 143)
    assert (cancellation.reason, cancellation.by_signal, told) == ("first", 130, ["now"])
