"""How fast and how right BUILD_ID templates are compared.

Run: `python benchmarks/templates.py --pairs 100000` against brute force, `--nodes 20000` for whole specs.
"""

import argparse
import gc
import random
import time
from collections.abc import Callable
from pathlib import Path

from fastflow.check.rules.build_id_ambiguous import build_id_ambiguous
from fastflow.check.rules.build_ids import build_id_collision
from fastflow.pipeline import SpecText, load
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
        start = time.process_time()
        said = compare(first, second)
        comparing += time.process_time() - start
        steps.append(said.steps)
        kinds[type(said).__name__] = kinds.get(type(said).__name__, 0) + 1
        unsettled += isinstance(said, Ambiguous) and said.witness is None
        for fault in faults(first, second, said, brute_force(first, second)):
            wrong += 1
            print(f"WRONG {written(first)} {written(second)}: {said}: {fault}")
    steps.sort()
    percentiles = ", ".join(f"{share} %: {steps[int((number - 1) * share / 100)]}" for share in (50, 90, 99, 99.9))
    print(f"pairs {number}, wrong {wrong}, unsettled {unsettled} ({100 * unsettled / number:.2f} %)")
    print(f"answers {kinds}")
    print(f"steps {percentiles}, most {steps[-1]}")
    print(f"seconds {comparing:.2f} ({1e6 * comparing / number:.0f} µs a pair)")
    return wrong


SHAPES: dict[str, Callable[[int], str]] = {
    "web1${CI} to web20000${CI}": lambda n: f"web{n}${{CI}}",
    "${CI}web1 to ${CI}web20000": lambda n: f"${{CI}}web{n}",
    "names of two words": lambda n: f"{'abcdefghij'[n % 10]}{n:05d}x${{CI:-local}}",
    "a variable of its own each": lambda n: f"n{n:05d}${{V{n}}}",
    "no variable": lambda n: f"web{n}",
    "hostile: variables only": lambda n: f"${{V{n}}}",
    "hostile: variables behind one word": lambda n: f"web${{V{n}}}x",
    "hostile: permuted letters": lambda n: "".join(random.Random(n).sample("abcdefghij", 10)) + "${A}${B}",
    "hostile: the same letters round a variable": lambda n: "a" * (n % 200) + "${CI}b" + "a" * (n // 200),
    "hostile: defaults": lambda n: f"${{A:-{n}}}",
    "hostile: word equations": lambda n: f"${{A}}a{n:b}${{B}}${{A}}".replace("0", "b").replace("1", "a") + "${B}",
    "hostile: many variables": lambda n: "".join(f"${{V{(n * k) % 997}}}" for k in range(1, 17)) + "z",
}


def specs(nodes: int) -> None:
    """Check specs of so many recording nodes, one BUILD_ID each, and print how long the rules take."""
    for name, build_id in SHAPES.items():
        workflows = "".join(
            f"  w{n}: {{build_id: '{build_id(n)}', nodes: {{record: {{mode: recording}}}}}}\n"
            for n in range(1, nodes + 1)
        )
        facts, _ = load(SpecText("spec.yml", Path(), f"workflows:\n{workflows}".encode()), None)
        assert facts is not None
        seconds = []
        for rule in (build_id_ambiguous, build_id_collision):
            gc.collect()
            start = time.process_time()
            assert rule.check_all is not None
            found = list(rule.check_all([facts]))
            seconds.append(time.process_time() - start)
            last = [finding.message for finding in found if "not compared" in finding.message]
            print(f"{name}: {rule.id}: {seconds[-1]:.2f} s, {len(found)} findings {last}")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=0, help="compare so many random pairs with brute force")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=0, help="check specs of so many nodes, in shapes kind and hostile")
    asked = parser.parse_args()
    if asked.pairs and pairs(asked.pairs, asked.seed):
        raise SystemExit(1)
    if asked.nodes:
        specs(asked.nodes)


if __name__ == "__main__":
    main()
