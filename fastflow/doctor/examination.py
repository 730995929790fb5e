"""Runs checks at once, each in its own thread, and collects the answers within a time limit."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fastflow.errors import EngineError

LIMIT = 20.0
"""Seconds for all checks together."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one check; `advice` says what to do, and is None if all is well."""

    subject: str
    found: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check. One that asks an `engine` is left out if that engine does not answer at all."""

    subject: str
    look: Callable[[], Iterable[Answer]]
    engine: str | None = None
    is_of_engine: bool = False


def examine(checks: Sequence[Check], limit: float = LIMIT) -> tuple[Answer, ...]:
    """Run all checks at once; answers come in the order of the checks, `limit` is in seconds for all of them."""
    hung = f"no answer within {limit:g} s", "check that the machine, the engine and the network are not hung"
    answers: dict[int, tuple[Answer, ...]] = {at: (Answer(check.subject, *hung),) for at, check in enumerate(checks)}
    threads = []
    for at, check in enumerate(checks):
        # A thread that does not come back must not keep the process alive.
        thread = threading.Thread(target=_look, args=(check, at, answers), daemon=True, name=f"doctor {check.subject}")
        thread.start()
        threads.append(thread)
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    given = [answers[at] for at in range(len(checks))]
    down = {
        check.engine for at, check in enumerate(checks) if check.is_of_engine and any(one.advice for one in given[at])
    }
    return tuple(
        answer
        for at, check in enumerate(checks)
        if check.is_of_engine or check.engine not in down
        for answer in given[at]
    )


def _look(check: Check, at: int, answers: dict[int, tuple[Answer, ...]]) -> None:
    try:
        answers[at] = tuple(check.look())
    except EngineError as error:
        answers[at] = (Answer(check.subject, error.message, error.hint or "see: docker info"),)
