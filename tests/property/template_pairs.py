"""Random pairs of templates, and what brute force over short words says of them."""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastflow.spec.equality import Ambiguous, Comparison, Distinct, Equal
from fastflow.spec.template import Operator, Part, Template, UnsetVariableError, Variable, resolve, variables
from fastflow.spec.template_states import ALWAYS_SET

LETTERS = "ab"
OPERATORS: tuple[Operator, ...] = ("", "", "", "", ":-", "-", ":?", "?", ":+", "+")


def random_template(choice: random.Random, names: str, depth: int = 2) -> Template:
    """Make a template of up to four parts; literals of one or two letters, rarely one that is no letter."""
    parts: list[Part] = []
    for _ in range(choice.randint(0 if depth < 2 else 1, 4 if depth == 2 else 2)):
        if choice.random() < 0.5:
            literal = "".join(choice.choice(LETTERS) for _ in range(choice.randint(1, 2)))
            literal = "-" if choice.random() < 0.02 else literal
            if parts and isinstance(parts[-1], str):
                parts[-1] += literal
            else:
                parts.append(literal)
        else:
            operator = choice.choice(OPERATORS) if depth else ""
            word = random_template(choice, names, depth - 1) if operator else ()
            parts.append(Variable(choice.choice(names), operator, word))
    return tuple(parts)


def random_pair(choice: random.Random) -> tuple[Template, Template]:
    """Make two templates of one or two variables; often the second is the first with one part changed or moved."""
    names = choice.choice(("A", "AB", "AB"))
    first = random_template(choice, names)
    if choice.random() < 0.6:
        return first, random_template(choice, names)
    parts = list(first)
    at = choice.randrange(len(parts))
    if choice.random() < 0.5:
        parts[at : at + 1] = random_template(choice, names, depth=1)
    else:
        parts.insert(choice.randrange(len(parts)), parts.pop(at))
    return first, tuple(parts)


@dataclass(frozen=True)
class Seen:
    """Whether some environment made both the same BUILD_ID, and whether some made them different."""

    equal: bool
    different: bool


def brute_force(first: Template, second: Template, longest: int = 3, letters: str = LETTERS) -> Seen:
    """Try every environment of words of up to `longest` letters."""
    values: list[str | None] = [
        "".join(word) for n in range(longest + 1) for word in itertools.product(letters, repeat=n)
    ]
    names = sorted({*variables(first), *variables(second)})
    equal = different = False
    for environment in itertools.product(
        *([*values, None] if name not in ALWAYS_SET else values[1:] for name in names)
    ):
        texts = texts_of(first, second, dict(zip(names, environment, strict=True)))
        if texts is not None:
            equal = equal or texts[0] == texts[1]
            different = different or texts[0] != texts[1]
    return Seen(equal, different)


def texts_of(first: Template, second: Template, environment: Mapping[str, str | None]) -> tuple[str, str] | None:
    """Resolve both; None in an environment that does not count."""
    try:
        one, two = (resolve(template, environment.get) for template in (first, second))
    except UnsetVariableError:
        return None
    fit = all(text.isascii() and (text.isalnum() or not text) for text in (one, two))
    return (one, two) if fit and (one or two) else None


def faults(first: Template, second: Template, said: Comparison, seen: Seen) -> Iterator[str]:
    """Say what is wrong with a comparison."""
    if isinstance(said, Distinct) and seen.equal:
        yield "said to be distinct, and some values make them equal"
    elif isinstance(said, Equal) and first != second and (seen.different or not seen.equal):
        yield "said to be equal, and no value or not all make them so"
    elif isinstance(said, Ambiguous):
        if not seen.different:
            yield "said to be ambiguous, and no value makes them different"
        if said.witness is not None:
            texts = texts_of(first, second, said.witness)
            if texts is None or texts[0] != texts[1]:
                yield f"the witness {said.witness} makes {texts}"
