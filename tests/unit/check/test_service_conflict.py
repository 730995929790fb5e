"""Nodes of one alias on one network: a recorder shares its name with nothing that may run beside it."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.check.rules.services import _place, service_conflict
from tests.unit.check.findings import findings_of
from tests.unit.check.orders import reaches
from tests.unit.check.specs import facts_of

NODES = st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 6))), min_size=1, max_size=7)


def spec_of(nodes: list[tuple[bool, set[int]]]) -> str:
    """Recording and testing nodes of one workflow, each after some of those before it."""
    lines = ["workflows:", "  w:", "    nodes:"]
    for at, (records, before) in enumerate(nodes):
        after = ", ".join(f"n{other}" for other in sorted(before) if other < at)
        mode = "mode: recording" if records else "mode: testing, test_record: external, alias: fast"
        lines.append(f"      n{at}: {{ {mode}, build_id: b{at}, depends_on: [{after}] }}")
    return "\n".join(lines)


@settings(deadline=None)
@given(NODES)
def test_recorders_and_what_runs_beside_them_are_found_and_nothing_else(nodes: list[tuple[bool, set[int]]]) -> None:
    facts = facts_of(spec_of(nodes))
    order = reaches(facts)
    places = {_place(facts, phase).mark: phase.id for phase in facts.phases}
    conflicts = {
        frozenset((one, two))
        for one, two in itertools.combinations(places.values(), 2)
        if (one, two) not in order and {one, two} & set(facts.recorders_by_id)
    }
    found = {frozenset((places[one.mark], places[one.related[0].mark])) for one in findings_of(service_conflict, facts)}
    assert found <= conflicts
    assert bool(found) == bool(conflicts)


INSIDE = """\
name: {name}
workflows:
  w:
    build_id: 1
    compose:
      services: {{ app: {{ image: app, networks: [inner] }} }}
      networks: {{ inner: {{ internal: true }}, default: {{ external: true, name: shared }} }}
    nodes:
      record: {{ mode: recording, source: {{ run: make }} }}
  v:
    build_id: 2
    compose:
      services: {{ app: {{ image: app, networks: [inner] }} }}
      networks: {{ inner: {{ internal: true }}, default: {{ external: true, name: shared }} }}
    nodes:
      record: {{ mode: recording, source: {{ run: make }}{more} }}
"""


def test_the_default_network_beside_internal_ones_counts_as_it_does_in_the_plan() -> None:
    assert len(findings_of(service_conflict, facts_of(INSIDE.format(name="a", more="")))) == 1
    for more in (", networks: [inner]", ", alias: other", ", depends_on: [w.record]"):
        assert not findings_of(service_conflict, facts_of(INSIDE.format(name="a", more=more)))


def test_only_recorders_have_an_alias_by_default() -> None:
    text = """\
workflows:
  w:
    build_id: 1
    compose: { services: { app: { image: app }, scan: { image: scan, networks: { default: { aliases: [fast] } } } } }
    nodes:
      test: { mode: testing, test_record: external }
      again: { mode: report, test_run_id: 7 }
"""
    assert not findings_of(service_conflict, facts_of(text))
    named = text.replace("external }", "external, alias: fast }")
    assert len(findings_of(service_conflict, facts_of(named))) == 1
