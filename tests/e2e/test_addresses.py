"""A run on an engine whose address pools hold no more networks: one of this test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .own_engine import OwnEngine, own_engine
from .runs import APPLICATION, Fastflow, left_of, spec, workflow

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-engine")]

# What of the engine's own pool, 10.230.0.0/16 in pieces of /26, is left: those of docker0 and of the emulated cloud.
TAKEN = [
    f"10.230.{third}.{fourth}/{size}"
    for third, fourth, size in ((0, 128, 25), *((1 << bit, 0, 24 - bit) for bit in range(8)))
]
NOTE = "the engine has no addresses left for networks"


@pytest.fixture
def engine() -> Iterator[OwnEngine]:
    with own_engine() as started:
        for number, subnet in enumerate(TAKEN):
            started.docker("network", "create", "--subnet", subnet, f"taken-{number}")
        yield started


def test_workflows_for_which_no_addresses_are_left_run_all_the_same(
    engine: OwnEngine, tmp_path: Path, build_id: str
) -> None:
    fastflow = Fastflow(tmp_path, {"DOCKER_HOST": engine.address})
    workflows = {name: workflow(f"{build_id}{name}") for name in ("a", "b", "c")}
    named = f"{APPLICATION}networks: {{ default: {{ name: {build_id} }} }}\n"
    workflows["d"] = workflow(f"{build_id}d", application=named)
    fastflow.write(spec(workflows))
    up = fastflow("up", "--emulate", "--progress", "plain")
    assert up.code == 0, up.err
    assert set(up.states.values()) == {"passed"}
    assert up.err.count(NOTE) == 1
    assert left_of(engine.client()) == []
