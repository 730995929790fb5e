"""Whatever the graph and however its phases end: the order holds, and what is skipped is what the contract skips."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.scheduler_worlds import Simulation, expected, random_world


@settings(max_examples=400)
@given(st.randoms(use_true_random=False))
def test_a_graph_is_run_as_the_contract_says(choice: random.Random) -> None:
    world = random_world(choice)
    assert Simulation(world, choice).run() == []


@pytest.mark.parametrize("seed", range(5))
def test_large_graphs_too(seed: int) -> None:
    choice = random.Random(seed)
    assert Simulation(random_world(choice, 120), choice).run() == []


def test_the_worlds_hold_all_that_matters() -> None:
    worlds = [random_world(random.Random(seed)) for seed in range(300)]
    ends = {end for world in worlds for end in expected(world).values()}
    assert ends == {"passed", "vulnerable", "failed", "skipped"}
    assert any(not phase.is_selected for world in worlds for phase in world.phases.values())
    reasons = {edge.reason for world in worlds for phase in world.phases.values() for edge in phase.dependencies}
    assert reasons == {"build_id", "test_record", "report", "depends_on"}
