"""A run that is played without an engine: the clock, and that the scheduler is asked after each end."""

from pathlib import Path

from fastflow.record.result import State
from fastflow.run.scheduler import Scheduler, Skip
from fastflow.run.simulation import simulate

from .stage import Stage, spec_of


def played(
    tmp_path: Path, text: str, seconds: dict[str, float], limit: int | None = None, **ends: State
) -> list[tuple[float, str | None, tuple[str, ...]]]:
    scheduler = Scheduler(Stage(tmp_path, text).plan.phases.values(), max_parallel=limit)
    named = {f"web.{name}": length for name, length in seconds.items()}
    moments = simulate(scheduler, named, {f"web.{name}": end for name, end in ends.items()})
    return [(moment.seconds, moment.ended, moment.actions.start) for moment in moments]


THREE = spec_of(a="", b="", c="depends_on: [a]")


def test_phases_start_when_what_they_wait_for_has_ended(tmp_path: Path) -> None:
    assert played(tmp_path, THREE, {"a": 3.0, "b": 5.0, "c": 1.5}) == [
        (0.0, None, ("web.a", "web.b")),
        (3.0, "web.a", ("web.c",)),
        (4.5, "web.c", ()),
        (5.0, "web.b", ()),
    ]


def test_a_limit_lets_them_wait(tmp_path: Path) -> None:
    assert [(at, ended) for at, ended, _ in played(tmp_path, THREE, {"a": 3.0, "b": 5.0, "c": 1.5}, 1)] == [
        (0.0, None),
        (3.0, "web.a"),
        (8.0, "web.b"),
        (9.5, "web.c"),
    ]


def test_a_phase_that_fails_skips_what_waits_for_it(tmp_path: Path) -> None:
    plan = Stage(tmp_path, THREE).plan
    seconds = dict.fromkeys(plan.phases, 1.0)
    last = [*simulate(Scheduler(plan.phases.values()), seconds, {"web.a": "failed"})]
    assert [moment.actions.skip for moment in last] == [(), (Skip("web.c", "web.a failed"),), ()]
