"""BUILD_IDs of one token, and which of them need a comparison: in large specs hardly any do."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from operator import itemgetter
from typing import TypeAlias

from fastflow.check.facts import Facts
from fastflow.graph import Graph
from fastflow.model.phases import Phase
from fastflow.spec.template import (
    Template,
    TemplateError,
    Variable,
    are_compatible,
    canonical,
    literal_ends,
    parse_template,
    variable_parts,
    written,
)

COMPARISONS_A_NODE = 20
LOOKS_A_NODE = 50
_LONGEST_END = 32  # letters of a literal end used for the lookup; the comparison distinguishes longer ones
_Words: TypeAlias = list[str | None]


@dataclass(frozen=True, slots=True, eq=False)
class BuildId:
    """One BUILD_ID of one token in one spec, with the phases that use it, in the order of the file."""

    spec: int
    facts: Facts
    token: str
    identity: str
    template: Template
    recorders: list[Phase] = field(default_factory=list)
    testers: list[Phase] = field(default_factory=list)

    @property
    def phases(self) -> list[Phase]:
        """The phases that use it, at least one."""
        return self.recorders + self.testers

    @property
    def is_of_one_run(self) -> bool:
        """Whether it contains the run's id, written or as a value, and so differs from run to run."""
        return self.facts.is_of_one_run(self.phases[0])


def build_ids_of(specs: Sequence[Facts]) -> dict[str, list[BuildId]]:
    """List the BUILD_IDs of each token, in the order in which specs and phases come."""
    found: dict[tuple[int, str, str], BuildId] = {}
    by_token: dict[str, list[BuildId]] = defaultdict(list)
    for number, facts in enumerate(specs):
        for phase in facts.phases:
            if phase.identity is None or not phase.uses_build_id:
                continue
            key = (number, phase.token, phase.identity)
            if key not in found:
                found[key] = BuildId(number, facts, phase.token, phase.identity, _template(facts, phase))
                by_token[phase.token].append(found[key])
            of_mode = found[key].recorders if phase.traits.makes == "record" else found[key].testers
            of_mode.append(phase)
    return by_token


def differently_written(specs: Sequence[Facts]) -> Iterable[list[BuildId]]:
    """List the BUILD_IDs of each token, if any has an operator: only then two that differ may mean the same."""
    identities = (phase.identity or "" for facts in specs for phase in facts.phases)
    return build_ids_of(specs).values() if any("-" in text or "+" in text for text in identities) else ()


def _template(facts: Facts, phase: Phase) -> Template:
    """Parse a BUILD_ID and keep its demands: environments that `${V:?}` refuses make no two BUILD_IDs equal."""
    text = phase.build_id or ""
    if "$" not in text or not facts.is_template(phase):
        return (text,)
    try:
        return parse_template(text)
    except TemplateError:
        return (text,)


def equal_pairs(build_ids: Iterable[BuildId]) -> Iterator[tuple[BuildId, BuildId]]:
    """Yield pairs, the earlier first, that are written differently and equal in all environments.

    Such pairs are the same word if all variables are set, if all are empty, and if none is set. Each is compared with
    at most 50 others.
    """
    from fastflow.spec.equality import Equal, compare  # noqa: PLC0415  # few specs write one BUILD_ID in two ways
    from fastflow.spec.template_states import State, Symbols, word_in_state  # noqa: PLC0415

    symbols = Symbols()
    by_word: dict[str, dict[str, tuple[_Words, BuildId]]] = defaultdict(dict)
    for build_id in build_ids:
        words = [word_in_state(build_id.template, state, symbols) for state in State]
        if words[0] is None:
            continue
        others = by_word[words[0]]
        if build_id.identity in others:
            continue
        for their_words, other in islice(others.values(), LOOKS_A_NODE):
            is_plainly_other = any(
                None not in both and both[0] != both[1] for both in zip(words, their_words, strict=True)
            )
            apart = other.spec != build_id.spec
            if not is_plainly_other and isinstance(compare(other.template, build_id.template, apart=apart), Equal):
                yield other, build_id
        others[build_id.identity] = words, build_id


def overlapping(graph: Graph, first: Sequence[Phase], second: Sequence[Phase]) -> tuple[Phase, Phase] | None:
    """Find a phase of each group that may overlap, or None.

    For two chains it is enough to compare neighbours in a topological order: if none of them overlap, the two are one
    chain. A group that is not a chain has its own finding already.
    """
    groups = [(graph.rank[phase.id], group, phase) for group, phases in enumerate((first, second)) for phase in phases]
    groups.sort()
    for (_, group, one), (_, other_group, two) in pairwise(groups):
        if group != other_group and graph.may_overlap(one.id, two.id):
            return (one, two) if group < other_group else (two, one)
    return None


class Candidates:
    """Templates by their literal ends: which of those added so far could be equal to another one."""

    def __init__(self, build_ids: Sequence[BuildId]) -> None:
        self._names: dict[Variable, str] = {}
        self._numbers: dict[tuple[str, ...], int] = {(): 0}
        self._shapes = {id(build_id): self._shape(build_id.template) for build_id in build_ids}
        self._ends = {id(build_id): literal_ends(build_id.template) for build_id in build_ids}
        self._kin: dict[tuple[int, str], list[BuildId]] = defaultdict(list)
        # If all have the same variables, or none has any, no lookup by ends is needed.
        has_shapes = len({shape for shape, _ in self._shapes.values()}) > 1
        ends = zip(*map(_keys, self._ends.values()), strict=True) if has_shapes else ()
        self._indexes = tuple(_Index(frozenset(texts)) for texts in ends)

    def _shape(self, template: Template) -> tuple[int, str]:
        """Number the variables of a template (0 for none), and sort its letters."""
        parts = variable_parts(template)
        if not parts:
            return 0, ""
        names = tuple(sorted(self._names.get(part) or self._name(part) for part in parts))
        letters = "".join(part for part in template if isinstance(part, str))
        return self._numbers.setdefault(names, len(self._numbers)), "".join(sorted(letters))

    def _name(self, part: Variable) -> str:
        return self._names.setdefault(part, written(canonical((part,))))

    def find(self, build_id: BuildId) -> tuple[int, Iterator[BuildId]]:
        """Return how many could be equal by one of their ends, and those; `may_be_equal` is stricter."""
        shape, letters = self._shapes[id(build_id)]
        # The same variables give both the same letters, so the letters outside variables must be the same too.
        kin = self._kin[shape, letters] if shape else []
        keys = _keys(self._ends[id(build_id)])
        found = [index.matching(key, shape) for index, key in zip(self._indexes, keys, strict=False)]
        number, others = min(found, key=itemgetter(0)) if found else (0, iter(()))
        return len(kin) + number, chain(kin, others)

    def add(self, build_id: BuildId) -> None:
        """Add a BUILD_ID, so that later ones find it."""
        shape, letters = self._shapes[id(build_id)]
        if shape:
            self._kin[shape, letters].append(build_id)
        for index, key in zip(self._indexes, _keys(self._ends[id(build_id)]), strict=False):
            index.add(key, shape, build_id)

    def may_be_equal(self, first: BuildId, second: BuildId) -> bool:
        """Check cheaply whether two templates could be equal."""
        return are_compatible(self._ends[id(first)], self._ends[id(second)])


def _keys(ends: tuple[str, str]) -> tuple[str, str]:
    """The lookup keys of literal ends; the second is reversed."""
    return ends[0][:_LONGEST_END], ends[1][::-1][:_LONGEST_END]


class _Index:
    """BUILD_IDs by a text that they begin with; `texts` are all texts that will be added."""

    def __init__(self, texts: frozenset[str]) -> None:
        self._texts = texts
        self._whole: dict[str, _Members] = defaultdict(_Members)
        self._longer: dict[str, _Members] = defaultdict(_Members)

    def add(self, text: str, shape: int, build_id: BuildId) -> None:
        self._whole[text].add(shape, build_id)
        for length in range(len(text)):
            if text[:length] in self._texts:
                self._longer[text[:length]].add(shape, build_id)

    def matching(self, text: str, shape: int) -> tuple[int, Iterator[BuildId]]:
        """Those whose text begins with `text` or is a beginning of it, except those of `shape`."""
        found = [self._whole[text[:length]] for length in range(len(text) + 1) if text[:length] in self._whole]
        if text in self._longer:
            found.append(self._longer[text])
        number = sum(members.number - len(members.by_shape.get(shape, ())) for members in found)
        return number, chain.from_iterable(members.but(shape) for members in found)


class _Members:
    __slots__ = ("by_shape", "number")

    def __init__(self) -> None:
        self.number = 0
        self.by_shape: dict[int, list[BuildId]] = {}

    def add(self, shape: int, build_id: BuildId) -> None:
        self.number += 1
        self.by_shape.setdefault(shape, []).append(build_id)

    def but(self, shape: int) -> Iterator[BuildId]:
        for other, members in self.by_shape.items():
            if other != shape:
                yield from members
