"""How many calls are made to an engine at once, whatever asks for them."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.engines.calls import Calls, Terms
from fastflow.engines.semaphore import PrioritySemaphore
from fastflow.engines.workers import Order
from fastflow.errors import EngineError

PATIENCE = 20.0  # seconds
# What ends at once, with an error: a client that is not there.
CALL = Order("compose.version", client={"client_call": ["/nonexistent"]}, environment={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize(("most", "changes", "short"), [(8, 4, 4), (5, 2, 3), (1, 1, 1)])
def test_changes_take_half_of_the_turns_and_leave_the_others_to_short_calls(
    most: int, changes: int, short: int
) -> None:
    caller = Calls(most)
    for is_change, number in ((True, changes), (False, short)):
        taken = [caller.slot(is_change=is_change) for _ in range(number)]
        for turn in taken:
            turn.__enter__()
        waits = threading.Thread(target=lambda is_change=is_change: caller.slot(is_change=is_change).__enter__())
        waits.start()
        waits.join(0.05)
        assert waits.is_alive()
        taken[0].__exit__(None, None, None)
        waits.join(PATIENCE)
        assert not waits.is_alive()


def test_each_call_takes_the_turn_of_its_kind_and_one_that_may_wait_takes_none() -> None:
    taken: Counter[bool] = Counter()

    class Watched(Calls):
        def slot(self, *, is_change: bool = False, rank: int = 0):  # type: ignore[no-untyped-def]  # as the one it watches
            taken[is_change] += 1
            return super().slot(is_change=is_change, rank=rank)

    caller = Watched()
    made(caller, Terms(PATIENCE))
    assert taken == {False: 1}
    made(caller, Terms(PATIENCE, is_short=False, is_change=True))
    assert taken == {False: 1, True: 1}
    made(caller, Terms(PATIENCE, is_short=False))
    assert taken == {False: 1, True: 1}


def made(calls: Calls, terms: Terms) -> None:
    with pytest.raises(EngineError, match="was not found"):
        calls.make(CALL, terms)


def _waits(turns: PrioritySemaphore, number: int) -> bool:
    return turns.waiting == number


def _in_turn(turns: PrioritySemaphore, wants: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Let all ask in turn while the only place is taken; return the order in which they get it."""
    got: list[tuple[int, int]] = []
    threads: list[threading.Thread] = []

    def work(want: tuple[int, int]) -> Callable[[], None]:
        def take() -> None:
            with turns.take(want[0]):
                got.append(want)

        return take

    with turns.take():
        for number, want in enumerate(wants, start=1):
            threads.append(threading.Thread(target=work(want), daemon=True))
            threads[-1].start()
            with turns.changed:
                assert turns.changed.wait_for(partial(_waits, turns, number), PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
    return got


@given(st.lists(st.integers(0, 3), max_size=8))
def test_the_lowest_rank_is_next_and_of_equals_the_first_that_came(ranks: list[int]) -> None:
    wants = [(rank, number) for number, rank in enumerate(ranks)]
    assert _in_turn(PrioritySemaphore(1), wants) == sorted(wants)


def test_as_many_work_at_once_as_there_are_places() -> None:
    turns, meeting = PrioritySemaphore(3), threading.Barrier(3)

    def work() -> None:
        with turns.take(1):
            meeting.wait(PATIENCE)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not meeting.broken
