"""A short form of benchmarks/fuzz.py: the same targets and changes, the same inputs each time."""

import random
import time

import pytest

from tests.property.fuzz_mutator import mutate
from tests.property.fuzz_targets import TARGETS, seeds

INPUTS = 400
LONGEST = 2  # seconds of processor time for one input
LARGEST = 20_000


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_ends_in_an_exception_or_takes_long(target: str) -> None:
    choice = random.Random(target)
    corpus = list(seeds(target))
    for _ in range(INPUTS):
        content = mutate(choice.choice(corpus), choice, LARGEST, seeds(target))
        corpus.append(content)
        start = time.process_time()
        TARGETS[target](content)
        assert time.process_time() - start < LONGEST, content
