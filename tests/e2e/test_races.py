"""Short forms of the races of `benchmarks/races.py`, on an engine of this test's own."""

from collections.abc import Iterator

import pytest

from .own_engine import OwnEngine, own_engine
from .racing import leftovers, one_of_many, overlapping, two_of_one_spec
from .runs import BINARY

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-engine")]


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    with own_engine() as started:
        started.run(str(BINARY), "emulator", "up")
        yield started


@pytest.mark.parametrize("dead", [False, True], ids=["free", "held-by-a-dead-run"])
def test_of_runs_that_want_one_build_id_exactly_one_runs(engine: OwnEngine, dead: bool) -> None:
    said, faults = one_of_many(engine, 6, dead=dead)
    assert faults == []
    assert said.startswith("one ran, 5 refused")
    assert leftovers(engine.client()) == []


def test_runs_with_overlapping_build_ids_neither_wait_nor_run_at_once(engine: OwnEngine) -> None:
    assert overlapping(engine)[1] == []
    assert leftovers(engine.client()) == []


def test_two_runs_of_one_spec_do_not_touch_each_other(engine: OwnEngine) -> None:
    assert two_of_one_spec(engine)[1] == []
    assert leftovers(engine.client()) == []
