"""A run that follows others: phases that are left out are what the others made of them, with their records."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.plan import PhasePlan
from fastflow.plan.making import Selection
from fastflow.plan.outcomes import Outcome
from fastflow.record.result import State
from fastflow.run.container import Container
from fastflow.run.scheduler import Scheduler
from fastflow.run.simulation import simulate
from tests.fakes.containers import Script
from tests.property.scheduler_worlds import World, expected, random_world

from .stage import SPEC, Stage, settings_of

REPORTED = SPEC + "      told: { mode: report }\n"


def followed(directory: Path, text: str = SPEC, only: str = "testing", /, **outcomes: Outcome) -> Stage:
    named = {f"web.{name}": outcome for name, outcome in outcomes.items()}
    return Stage(directory, text, settings=settings_of(keep=True), selection=Selection(only=only, outcomes=named))


def test_a_tester_gets_the_record_of_the_run_that_is_followed(tmp_path: Path) -> None:
    stage = followed(tmp_path, record=Outcome("recording", "passed", "web1", "rec_1"))
    assert [(phase.id, phase.state) for phase in stage.run().phases] == [("web.test", "passed")]
    assert stage.environment_of("fast-test")["TEST_RECORD_ID"] == "rec_1"


def test_another_record_than_that_one_is_a_mismatch(tmp_path: Path) -> None:
    stage = followed(tmp_path, record=Outcome("recording", "passed", "web1", "rec_7"))
    assert stage.phase("web.test").reason == "record mismatch: the node tested rec_1, but this run recorded rec_7"


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ({"record": Outcome("recording", "failed")}, "web.record failed, so there is no record to test"),
        ({"record": Outcome("recording", "cancelled")}, "web.record was cancelled, so there is no record to test"),
        ({}, "web.record was not run, so there is no record to test"),
    ],
)
def test_a_tester_is_skipped_if_its_record_was_not_made(
    outcomes: dict[str, Outcome], reason: str, tmp_path: Path
) -> None:
    result = followed(tmp_path, **outcomes).run()
    (phase,) = result.phases
    assert (phase.state, phase.reason, result.exit_code) == ("skipped", reason, 0)


def test_a_report_phase_reports_the_test_run_that_is_followed(tmp_path: Path) -> None:
    stage = followed(tmp_path, REPORTED, "report", test=Outcome("testing", "vulnerable", "web1", "rec_1", "tr_5"))
    asked: list[str] = []

    def look(found: Container) -> None:
        asked.append(stage.engine.box(found.id).environment["TEST_RUN_ID"])

    stage.engine.scripts["fast-told"] = Script(
        exit_code=0, files={"/opt/reports": {"Run.1.json": b"{}"}}, on_start=look
    )
    assert (stage.phase("web.told").state, asked) == ("passed", ["tr_5"])


def ends_of(phases: dict[str, PhasePlan], world: World, outcomes: dict[str, State] | None) -> dict[str, State]:
    told = None if outcomes is None else {name: Outcome("testing", state) for name, state in outcomes.items()}
    scheduler = Scheduler(phases.values(), outcomes=told)
    ends: dict[str, State] = {}
    for moment in simulate(scheduler, dict.fromkeys(phases, 1.0), world.ends):
        if moment.ended is not None:
            ends[moment.ended] = world.ends[moment.ended]
        ends |= {skip.phase: "skipped" for skip in moment.actions.skip}
    return ends


def part(world: World, chosen: set[str]) -> dict[str, PhasePlan]:
    return {name: replace(phase, is_selected=name in chosen) for name, phase in world.phases.items()}


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_a_run_in_parts_that_follow_one_another_ends_as_one_run_does(choice: random.Random) -> None:
    world = random_world(choice)
    whole = replace(world, phases=part(world, set(world.phases)))
    numbers = {name: choice.randint(0, 3) for name in world.phases}
    for name in sorted(numbers, key=lambda name: world.phases[name].wave):  # no part before one that it needs
        before = [numbers[edge.before] for edge in world.phases[name].dependencies]
        numbers[name] = max([numbers[name], *before])
    ends: dict[str, State] = {}
    for number in range(4):
        chosen = {name for name, part_number in numbers.items() if part_number == number}
        ends |= ends_of(part(world, chosen), world, ends)
    assert ends == expected(whole)
