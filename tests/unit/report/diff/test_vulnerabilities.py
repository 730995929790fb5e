"""Vulnerabilities of two runs: new, gone, changed, or not tested again, by their fingerprints."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.result import State, Suppression, Vulnerability
from fastflow.report.diff.vulnerabilities import Change, FoundVulnerability, compare_vulnerabilities

from ..html.archives import Told, found, phase, told_run


def run_that_found(*vulnerabilities: Vulnerability, state: State = "vulnerable", name: str = "web.test") -> Told:
    return told_run(phase(name, state, vulnerabilities=vulnerabilities))


def prints(found: Sequence[FoundVulnerability]) -> list[str]:
    return [one.fingerprint for one in found]


def test_each_is_in_one_list_the_most_severe_first() -> None:
    old = run_that_found(found(1), found(2), found(3))
    new = run_that_found(found(2), found(3, threat=20), found(4, threat=10), found(5, threat=90))
    compared = compare_vulnerabilities(old, new)
    assert prints(compared.new) == [f"{5:016x}", f"{4:016x}"]
    assert prints(compared.gone) == [f"{1:016x}"]
    assert prints(compared.changed) == [f"{3:016x}"]
    assert prints(compared.same) == [f"{2:016x}"]
    assert compared.changed[0].changes == (Change("threat", "threat 80", "threat 20"),)
    assert compared.summary == "2 new, 1 gone, 1 changed, 1 the same"


def test_what_the_gate_makes_of_it_is_a_change() -> None:
    accepted = found(1, gate="accepted", suppressed=Suppression("known", "2030-01-01"))
    later = replace(accepted, suppressed=Suppression("known", "2031-01-01"))
    assert compare_vulnerabilities(run_that_found(found(1)), run_that_found(accepted)).changed[0].changes == (
        Change("gate", "fails the gate", "accepted until 2030-01-01: known"),
    )
    assert len(compare_vulnerabilities(run_that_found(accepted), run_that_found(later)).changed) == 1


def test_ids_and_requests_that_differ_in_every_run_are_no_change() -> None:
    again = found(1, baseline="bl_9", request="GET /?q=other HTTP/1.1", uri="http://app:4000/coupon/1")
    assert prints(compare_vulnerabilities(run_that_found(found(1)), run_that_found(again)).same) == [f"{1:016x}"]


@pytest.mark.parametrize("state", ["failed", "skipped", "cancelled", "running", "waiting"])
def test_without_a_verdict_nothing_is_gone(state: State) -> None:
    compared = compare_vulnerabilities(run_that_found(found(1), found(2)), run_that_found(found(2), state=state))
    assert compared.gone == ()
    assert [(one.fingerprint, one.note) for one in compared.not_tested] == [
        (f"{1:016x}", f"in the newer run web.test is {state}")
    ]
    assert compared.summary == "0 new, 0 gone, 0 changed, 1 not tested again, 1 the same"


def test_what_another_phase_found_is_not_gone_while_its_own_is_left_out() -> None:
    compared = compare_vulnerabilities(run_that_found(found(1)), run_that_found(state="passed", name="web.other"))
    assert [one.note for one in compared.not_tested] == ["in the newer run web.test is not in it"]


def test_a_new_one_says_if_nobody_looked_for_it_before() -> None:
    looked = compare_vulnerabilities(run_that_found(state="passed"), run_that_found(found(1)))
    assert [one.note for one in looked.new] == [None]
    unlooked = compare_vulnerabilities(run_that_found(state="failed"), run_that_found(found(1)))
    assert [one.note for one in unlooked.new] == ["in the older run web.test is failed"]


def two(first: Sequence[Vulnerability], second: Sequence[Vulnerability], state: State = "vulnerable") -> Told:
    return told_run(
        phase("web.a", "vulnerable", vulnerabilities=tuple(first)),
        phase("web.b", state, vulnerabilities=tuple(second)),
    )


def test_one_of_several_phases_is_one_vulnerability_and_who_found_it_is_said() -> None:
    compared = compare_vulnerabilities(two([found(1)], [found(1)]), two([found(1)], []))
    assert compared.changed[0].changes == (Change("found by", "web.a, web.b", "web.a"),)
    assert compared.changed[0].phases == ("web.a",)


def test_a_phase_without_verdict_is_no_change_of_who_found_it() -> None:
    compared = compare_vulnerabilities(two([found(1)], [found(1)]), two([found(1)], [], state="failed"))
    assert (len(compared.same), compared.changed) == (1, ())


STATES = st.sampled_from(["passed", "vulnerable", "failed", "skipped"])
SOME = st.lists(st.builds(lambda number, threat: found(number, threat=threat), st.integers(1, 6), st.integers(1, 3)))
RUNS = st.builds(
    lambda phases: told_run(*(phase(f"web.{name}", state, vulnerabilities=tuple(s)) for name, (state, s) in phases)),
    st.dictionaries(st.sampled_from("abc"), st.tuples(STATES, SOME)).map(lambda some: list(some.items())),
)


@given(old=RUNS, new=RUNS)
def test_of_any_runs_each_fingerprint_is_in_one_list_and_the_reverse_mirrors_it(old: Told, new: Told) -> None:
    def every(run: Told) -> set[str]:
        return {one.fingerprint for phase in run.phases for one in phase.vulnerabilities}

    forth, back = compare_vulnerabilities(old, new), compare_vulnerabilities(new, old)
    lists = [forth.new, forth.gone, forth.changed, forth.not_tested, forth.same]
    assert sorted(name for one in lists for name in prints(one)) == sorted(every(old) | every(new))
    assert {*prints(forth.new)} == every(new) - every(old) == {*prints(back.gone), *prints(back.not_tested)}
    assert {*prints(forth.same)} == {*prints(back.same)}
    itself = compare_vulnerabilities(old, old)
    assert {*prints(itself.same)} == every(old)
