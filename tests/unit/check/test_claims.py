"""Who may hold a thing at one time: along a topological order, neighbours tell what all pairs would."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.check.claims import Owner, at_one_time
from fastflow.check.facts import Facts
from tests.unit.check.orders import reaches
from tests.unit.check.specs import facts_of

NODES = st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 11))), min_size=1, max_size=9)


def spec_of(nodes: list[tuple[int, set[int]]]) -> str:
    """Testing nodes in workflows `w0` to `w3`, each after some of those before it."""
    workflows: dict[int, list[str]] = {}
    names = [f"w{workflow}.n{at}" for at, (workflow, _) in enumerate(nodes)]
    for at, (workflow, before) in enumerate(nodes):
        after = ", ".join(names[other] for other in sorted(before) if other < at)
        node = f"      n{at}: {{ mode: testing, build_id: b{at}, test_record: external, depends_on: [{after}] }}\n"
        workflows.setdefault(workflow, []).append(node)
    return "workflows:\n" + "".join(f"  w{at}:\n    nodes:\n{''.join(own)}" for at, own in workflows.items())


def owners_of(facts: Facts) -> list[Owner]:
    nodes = [Owner(phase.workflow, facts.node_place(phase), phase.id) for phase in facts.phases]
    applications = [Owner(name, facts.places.key("workflows", name)) for name in facts.spec.workflows]
    return nodes + applications


@settings(deadline=None)
@given(NODES, st.data())
def test_there_is_a_pair_exactly_where_two_owners_are_not_wholly_one_after_the_other(
    nodes: list[tuple[int, set[int]]], data: st.DataObject
) -> None:
    facts = facts_of(spec_of(nodes))
    order = reaches(facts)
    owners = data.draw(st.lists(st.sampled_from(owners_of(facts)), unique=True))

    def phases(owner: Owner) -> list[str]:
        return [owner.phase] if owner.phase else [p.id for p in facts.phases if p.workflow == owner.workflow]

    def meet(one: Owner, two: Owner) -> bool:
        both = list(itertools.product(phases(one), phases(two)))
        return not (all(pair in order for pair in both) or all(pair[::-1] in order for pair in both))

    found = list(at_one_time(facts, owners))
    assert all(meet(one, two) for one, two in found)
    assert bool(found) == any(meet(one, two) for one, two in itertools.combinations(owners, 2))


@settings(deadline=None)
@given(NODES, st.data())
def test_a_phase_has_a_rival_exactly_where_it_may_overlap_another(
    nodes: list[tuple[int, set[int]]], data: st.DataObject
) -> None:
    facts = facts_of(spec_of(nodes))
    order = reaches(facts)
    names = data.draw(st.lists(st.sampled_from([phase.id for phase in facts.phases]), unique=True))
    rivals = facts.graph.rivals(names)

    def overlap(one: str, two: str) -> bool:
        return one != two and (one, two) not in order and (two, one) not in order

    assert set(rivals) == {one for one in names if any(overlap(one, two) for two in names)}
    assert all(overlap(one, two) and two in names for one, two in rivals.items())
