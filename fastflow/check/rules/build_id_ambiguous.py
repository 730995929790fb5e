"""build-id-ambiguous: BUILD_IDs that some values of their variables make equal, or that differ only in case."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from fastflow.check.build_id_groups import (
    COMPARISONS_A_NODE,
    LOOKS_A_NODE,
    BuildId,
    Candidates,
    build_ids_of,
    overlapping,
)
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.spec.template import Template, Variable, canonical

_LEAST_STEPS = 100_000
_HINT = "give each a distinct prefix, such as web${A} and api${B}; no prefix may start another"
_CASE_HINT = "make them differ in more than case, which people and other tools overlook"


@Rule("build-id-ambiguous", "warning", "BUILD_IDs that can be equal for some variable values").for_all_specs
def build_id_ambiguous(specs: Sequence[Facts]) -> Iterator[Diagnostic]:
    """Compare the same pairs as build-id-collision and build-id-overlap; each node has at most one finding."""
    by_token = build_ids_of(specs)
    work = _Work(sum(map(len, by_token.values())))
    for build_ids in by_token.values():
        candidates = Candidates(build_ids)
        alike: dict[str, list[BuildId]] = defaultdict(list)
        for build_id in build_ids:
            search = _Comparing(build_id, work)
            yield from search.compare(candidates)
            in_one_case = alike[build_id.identity.lower()]
            yield from search.compare_case(in_one_case)
            candidates.add(build_id)
            in_one_case.append(build_id)
    yield from work.left_out()


class _Work:
    """The state that all comparisons share: the reported places, the work left, and the pairs left out."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self.reported: set[Place] = set()
        self.comparisons = COMPARISONS_A_NODE * nodes
        self.looks = LOOKS_A_NODE * nodes
        self.steps = max(_LEAST_STEPS, COMPARISONS_A_NODE * nodes)
        self.not_compared = 0
        self.first_not_compared: BuildId | None = None

    @property
    def is_spent(self) -> bool:
        return self.comparisons <= 0 or self.looks <= 0 or self.steps <= 0

    def leave_out(self, build_id: BuildId, pairs: int) -> None:
        self.not_compared += pairs
        self.first_not_compared = self.first_not_compared or build_id

    def left_out(self) -> Iterator[Diagnostic]:
        if self.first_not_compared is not None:
            build_id = self.first_not_compared
            message = (
                f"{self.not_compared} pairs of BUILD_IDs were not compared: {COMPARISONS_A_NODE} comparisons per "
                "node, on average, did not settle which of them are distinct"
            )
            yield build_id_ambiguous.finding(message, build_id.facts.build_id_place(build_id.phases[0]), _HINT)


class _Comparing:
    """The search for matches of one BUILD_ID: it ends when its recording nodes and its testing nodes have one each.

    Nodes that take their BUILD_ID from one place in the file share a finding.
    """

    def __init__(self, build_id: BuildId, work: _Work) -> None:
        self.build_id = build_id
        self.work = work
        self.records = bool(build_id.recorders)
        self.tests = bool(build_id.testers) and not build_id.facts.graph.cycles

    def compare(self, candidates: Candidates) -> Iterator[Diagnostic]:
        """Compare templates, as long as the budget lasts."""
        number, others = candidates.find(self.build_id)
        looked = 0
        for other in others:
            if self.work.is_spent or not (self.records or self.tests):
                break
            looked += 1
            self.work.looks -= 1
            if self._could_meet(other) and candidates.may_be_equal(other, self.build_id):
                yield from self._findings(other, self._reason(other), _HINT)
        if looked < number and (self.records or self.tests):
            self.work.leave_out(self.build_id, number - looked)

    def compare_case(self, others: Sequence[BuildId]) -> Iterator[Diagnostic]:
        """Report one of the BUILD_IDs that are the same in lower case."""
        for other in islice(others, COMPARISONS_A_NODE):
            if self._could_meet(other) and _differ_in_case(other, self.build_id):
                yield from self._findings(other, "they differ only in case", _CASE_HINT)

    def _could_meet(self, other: BuildId) -> bool:
        tests = self.tests and bool(other.testers) and other.spec == self.build_id.spec
        return tests or (self.records and bool(other.recorders))

    def _reason(self, other: BuildId) -> str | None:
        """Compare two templates; None if they are distinct, or equal and thus reported by another rule."""
        apart = other.spec != self.build_id.spec
        if other.identity == self.build_id.identity and not self.build_id.is_of_one_run:
            return None
        from fastflow.spec.equality import Ambiguous, compare  # noqa: PLC0415  # most BUILD_IDs are plainly distinct

        found = compare(other.template, self.build_id.template, apart=apart)
        self.work.comparisons -= 1
        # A step of a long template takes longer.
        self.work.steps -= (found.steps + 1) * (1 + len(self.build_id.template) // 4)
        if not isinstance(found, Ambiguous):
            return None
        if found.witness is None:
            return "they could not be proven distinct"
        return f"they are equal when {_said(found.witness)}"

    def _findings(self, other: BuildId, reason: str | None, hint: str) -> Iterator[Diagnostic]:
        if reason is None:
            return
        mine, facts = self.build_id, self.build_id.facts
        if self.records and other.recorders:
            self.records = False
            yield from self._finding(
                mine.recorders[0], other.facts, other.recorders[0], does="records", reason=reason, hint=hint
            )
        if self.tests and other.testers and other.spec == mine.spec:
            pair = overlapping(facts.graph, other.testers, mine.testers)
            if pair is not None and not any(facts.lost.has_order(phase) for phase in pair):
                self.tests = False
                yield from self._finding(pair[1], facts, pair[0], does="tests", reason=reason, hint=hint)

    def _finding(
        self, phase: Phase, other_facts: Facts, other: Phase, *, does: str, reason: str, hint: str
    ) -> Iterator[Diagnostic]:
        facts = self.build_id.facts
        place, earlier = facts.build_id_place(phase), other_facts.build_id_place(other)
        if facts is other_facts and place.mark < earlier.mark:
            place, earlier, phase, other = earlier, place, other, phase
        if place in self.work.reported:
            return
        self.work.reported.add(place)
        said = other_facts.said(other, facts)
        message = (
            f"{phase.id} {does} under BUILD_ID {phase.build_id}, and {said} under {other.build_id}, "
            f"with the same token: {reason}"
        )
        yield build_id_ambiguous.finding(
            message, place, hint, (Related(earlier.mark, f"{other.id} {does} under it here"),)
        )


def _said(witness: Mapping[str, str | None]) -> str:
    """Put an environment into words: A=1, B is empty and C is not set."""
    said = [
        f"{name} is not set" if value is None else f"{name}={value}" if value else f"{name} is empty"
        for name, value in witness.items()
    ]
    return " and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said)


def _differ_in_case(first: BuildId, second: BuildId) -> bool:
    """Whether the letters of two templates, apart from variables' names, differ only in case."""
    if first.identity == second.identity or (first.spec != second.spec and first.is_of_one_run):
        return False
    return _in_lower_case(first.template) == _in_lower_case(second.template)


def _in_lower_case(template: Template) -> Template:
    return tuple(
        part.lower() if isinstance(part, str) else Variable(part.name, part.operator, _in_lower_case(part.word))
        for part in canonical(template)
    )
