"""How many calls are made to an engine at once, whatever asks for them."""

import sys
import threading
from collections import Counter

import pytest

from fastflow.engines.process import Caller, Command

PATIENCE = 20.0  # seconds
CALL = (sys.executable, "-c", "input()")


@pytest.mark.parametrize(("most", "changes", "short"), [(8, 4, 4), (5, 2, 3), (1, 1, 1)])
def test_changes_take_half_of_the_turns_and_leave_the_others_to_short_calls(
    most: int, changes: int, short: int
) -> None:
    caller = Caller({}, most)
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

    class Watched(Caller):
        def slot(self, *, is_change: bool = False):  # type: ignore[no-untyped-def]  # as the one it watches
            taken[is_change] += 1
            return super().slot(is_change=is_change)

    caller = Watched({"PATH": "/usr/bin:/bin"})
    caller.call(Command(CALL, PATIENCE, "x\n"))
    assert taken == {False: 1}
    caller.call(Command(CALL, PATIENCE, "x\n", is_short=False, is_change=True))
    assert taken == {False: 1, True: 1}
    caller.call(Command(CALL, PATIENCE, "x\n", is_short=False))
    assert taken == {False: 1, True: 1}
