"""How long a plan would take: by known times, under each limit, and which limit is enough."""

import random
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.plan import Plan, WorkflowPlan
from fastflow.plan.units import units_of
from fastflow.record.times import PhaseTimes, SpecTimes
from fastflow.run.forecast import Chain, Forecast, forecast, longest_first
from tests.property.scheduler_worlds import World, random_world

from .stage import Stage, spec_of


def times_of(**seconds: float) -> SpecTimes:
    return SpecTimes({f"web.{name}": PhaseTimes((one,)) for name, one in seconds.items()}, 1)


def forecast_of(directory: Path, text: str, times: SpecTimes, limits: dict[str, int] | None = None) -> Forecast:
    made = forecast(Stage(directory, text).plan, times, limits or {})
    assert made is not None
    return made


def test_without_any_time_there_is_no_forecast(tmp_path: Path) -> None:
    assert forecast(Stage(tmp_path, spec_of(a="")).plan, SpecTimes({}, 3), {}) is None


def test_the_chain_that_takes_longest_need_not_have_most_phases(tmp_path: Path) -> None:
    text = spec_of(a="", b="depends_on: [a]", c="depends_on: [b]", d="", e="depends_on: [d]")
    made = forecast_of(tmp_path, text, times_of(a=1, b=1, c=1, d=60, e=2))
    assert made.critical == Chain(("web.d", "web.e"), 62.0)
    assert (made.unlimited, made.limits, made.enough) == (62.0, {1: 65.0, 2: 62.0}, 1)


def test_the_smallest_limit_within_5_percent_is_enough(tmp_path: Path) -> None:
    text = spec_of(**dict.fromkeys("abcdef", ""))
    made = forecast_of(tmp_path, text, times_of(a=100, b=20, c=21, d=20, e=20, f=19))
    assert made.limits == {1: 200.0, 2: 100.0, 3: 100.0, 4: 100.0, 5: 100.0, 6: 100.0}
    assert made.enough == 2


def test_the_spec_s_own_limit_is_among_those_that_are_shown(tmp_path: Path) -> None:
    made = forecast_of(tmp_path, spec_of("max_parallel: 9", a="", b=""), times_of(a=1, b=1))
    assert made.limits == {1: 2.0, 2: 1.0, 9: 1.0}


def test_many_limits_are_shown_by_powers_of_two(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(40)]
    made = forecast_of(tmp_path, spec_of(**dict.fromkeys(names, "")), times_of(**dict.fromkeys(names, 60.0)))
    assert list(made.limits) == [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 40]
    assert (made.limits[16], made.enough, made.unlimited) == (180.0, 40, 60.0)


def test_a_phase_without_times_lasts_as_those_of_its_mode(tmp_path: Path) -> None:
    nodes = ("record: { mode: recording }", "again: { mode: recording, build_id: x }", "new: { mode: testing }")
    text = "workflows:\n  web:\n    build_id: w\n    nodes:\n" + "".join(f"      {node}\n" for node in nodes)
    made = forecast_of(tmp_path, text, times_of(record=10, again=30))
    assert made.seconds == {"web.record": 10.0, "web.again": 30.0, "web.new": 20.0}
    assert forecast_of(tmp_path, text, times_of(record=10, new=50)).seconds["web.again"] == 10.0


def test_a_host_s_limit_holds(tmp_path: Path) -> None:
    text = spec_of(a="", b="").replace("workflows:", "hosts: { near: { context: x, max_parallel: 1 } }\nworkflows:")
    assert forecast_of(tmp_path, text, times_of(a=2, b=3), {"near": 1}).unlimited == 5.0


def plan_of(world: World) -> Plan:
    nothing = cast(Any, None)
    workflows = {
        name: WorkflowPlan(name, nothing, host, (), nothing, True, None, ()) for name, host in world.host_of.items()
    }
    return Plan("x", Path(), workflows, world.phases, (), world.max_parallel)


@settings(max_examples=150)
@given(choice=st.randoms(use_true_random=False), has_hosts=st.booleans())
def test_of_any_plan_the_limits_hold_what_they_promise(choice: random.Random, has_hosts: bool) -> None:
    world = random_world(choice)
    seconds = {name: choice.choice((0.0, 1.0, 7.0, 60.0)) for name in world.phases}
    times = SpecTimes({name: PhaseTimes((one,)) for name, one in seconds.items()}, 1)
    plan = plan_of(world)
    made = forecast(plan, times, world.host_limits if has_hosts else {})
    if made is None:
        assert plan.selected == ()
        return
    work = sum(seconds[phase.id] for phase in plan.selected)
    assert made.critical.seconds <= made.unlimited <= work
    assert made.limits[1] == pytest.approx(work)
    if not has_hosts:
        assert made.unlimited == pytest.approx(made.critical.seconds)
    assert made.limits[made.enough] <= made.unlimited * 1.05
    smaller = [takes for limit, takes in made.limits.items() if limit < made.enough]
    assert all(takes > made.unlimited * 1.05 for takes in smaller)


FARM = """
hosts: { farm: { context: swarm, swarm: true } }
workflows:
  chain: { host: farm, build_id: c1, nodes: { a: RECORDS, b: TESTS } }
  short: { host: farm, build_id: s1, nodes: { a: RECORDS } }
  long: { host: farm, build_id: l1, nodes: { a: RECORDS } }
  early: { host: farm, build_id: e1, nodes: { a: RECORDS } }
  late: { host: farm, build_id: f1, nodes: { a: { mode: recording, depends_on: [early.a] } } }
"""


@pytest.mark.parametrize(
    ("known", "order"),
    [
        ({}, [("chain",), ("early", "late"), ("short",), ("long",)]),
        ({"long.a": 90, "short.a": 10}, [("chain",), ("early", "late"), ("long",), ("short",)]),
        (
            {"long.a": 90, "short.a": 10, "early.a": 1, "late.a": 2},
            [("long",), ("chain",), ("short",), ("early", "late")],
        ),
    ],
    ids=["nothing", "some", "most"],
)
def test_units_that_took_longest_are_sent_first(
    tmp_path: Path, known: dict[str, float], order: list[tuple[str, ...]]
) -> None:
    """Times that are not known are guessed: those of `chain` come to twice the median of the known ones."""
    text = FARM.replace("RECORDS", "{ mode: recording }").replace("TESTS", "{ mode: testing }")
    plan = Stage(tmp_path, text).plan
    times = SpecTimes({name: PhaseTimes((seconds,)) for name, seconds in known.items()}, 1)
    assert [unit.workflows for unit in longest_first(plan, units_of(plan), times)] == order
