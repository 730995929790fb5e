"""Which phase is next among those that may start (docs: a run, Order)."""

from collections.abc import Mapping

from fastflow.graph import Edge
from fastflow.model.node import TestingNode
from fastflow.plan import PhasePlan
from fastflow.run.scheduler import Scheduler

NODE = TestingNode(mode="testing")


def phases_of(**befores: str) -> list[PhasePlan]:  # no test
    """Phases `WORKFLOW_NAME="WORKFLOW_NAME"`, each after the one that is named, in the order of the file."""
    found: dict[str, PhasePlan] = {}
    for name, before in befores.items():
        edges = (Edge(before, name, "depends_on", "completed"),) if before else ()
        wave = found[before].wave + 1 if before else 0
        workflow = name.partition("_")[0]
        found[name] = PhasePlan(name, workflow, name, NODE, None, "t", wave, edges, True, (), (), (), (), {})
    return list(found.values())


def order_of(phases: list[PhasePlan], **limits: int | Mapping[str, int] | Mapping[str, str]) -> list[str]:  # no test
    """The order in which phases start where each ends at once."""
    scheduler = Scheduler(phases, **limits)  # type: ignore[arg-type]  # of the test's own
    started: list[str] = []
    while not scheduler.is_done:
        start = scheduler.advance().start
        assert start, started
        for name in start:
            scheduler.ended(name, "passed")
        started += start
    return started


def test_the_longest_chain_begins_first_and_then_the_file_decides() -> None:
    phases = phases_of(a_1="", b_1="", c_1="", c_2="c_1", c_3="c_2", d_1="", d_2="d_1")
    assert order_of(phases, max_parallel=1) == ["c_1", "c_2", "c_3", "d_1", "d_2", "a_1", "b_1"]


def test_phases_of_workflows_that_are_up_come_before_longer_chains() -> None:
    phases = phases_of(a_1="", a_2="", a_3="", b_1="", b_2="b_1", c_1="", c_2="c_1", c_3="c_2")
    assert order_of(phases, max_parallel=1) == ["c_1", "c_2", "c_3", "b_1", "b_2", "a_1", "a_2", "a_3"]
    # `a` is brought up by the phase of it with something behind it; the rest of it does not wait for `b`.
    phases = phases_of(a_1="", a_2="", a_3="a_1", b_1="", b_2="b_1")
    assert order_of(phases, max_parallel=1) == ["a_1", "a_2", "a_3", "b_1", "b_2"]


def test_a_full_host_keeps_no_other_from_starting() -> None:
    phases = phases_of(a_1="", a_2="", b_1="", b_2="")
    scheduler = Scheduler(phases, host_of={"a": "near", "b": "far"}, host_limits={"near": 1})
    assert set(scheduler.advance().start) == {"a_1", "b_1", "b_2"}
    scheduler.ended("b_1", "passed")
    assert scheduler.advance().start == ()
    scheduler.ended("a_1", "passed")
    assert scheduler.advance().start == ("a_2",)
