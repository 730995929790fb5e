"""How fast and how right BUILD_ID templates are compared.

Run: `python benchmarks/templates.py --pairs 100000` against brute force, `--specs` for whole specs.
"""

import argparse
import random
import time

from fastflow.spec.equality import Ambiguous, compare
from fastflow.spec.template import written
from tests.property.template_pairs import brute_force, faults, random_pair


def pairs(number: int, seed: int) -> int:
    """Compare random pairs, print the figures, and return how many answers were wrong."""
    choice = random.Random(seed)
    steps: list[int] = []
    kinds: dict[str, int] = {}
    wrong = unsettled = 0
    comparing = 0.0
    for _ in range(number):
        first, second = random_pair(choice)
        start = time.perf_counter()
        said = compare(first, second)
        comparing += time.perf_counter() - start
        steps.append(said.steps)
        kinds[type(said).__name__] = kinds.get(type(said).__name__, 0) + 1
        unsettled += isinstance(said, Ambiguous) and said.witness is None
        for fault in faults(first, second, said, brute_force(first, second)):
            wrong += 1
            print(f"WRONG {written(first)} {written(second)}: {said}: {fault}")
    steps.sort()
    percentiles = ", ".join(f"{share} %: {steps[min(number - 1, int(number * share / 100))]}" for share in (50, 90, 99, 99.9))
    print(f"pairs {number}, wrong {wrong}, unsettled {unsettled} ({100 * unsettled / number:.2f} %)")
    print(f"answers {kinds}")
    print(f"steps {percentiles}, most {steps[-1]}")
    print(f"seconds {comparing:.2f} ({1e6 * comparing / number:.0f} µs a pair)")
    return wrong


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=0, help="compare so many random pairs with brute force")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.pairs and pairs(asked.pairs, asked.seed):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
