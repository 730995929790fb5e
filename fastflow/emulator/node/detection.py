"""A test set: every parameter of a baseline against every detector."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .baseline import Baseline
from .page import NO_ANSWER
from .points import points_of
from .ptrav import find_ptrav
from .sqli import find_sqli
from .stop import cancel_all
from .target import Probe, Target
from .xss import find_xss

Detector = Callable[[Probe], Awaitable[str | None]]
DETECTORS: dict[str, tuple[Detector, int]] = {  # type → detector, threat (1 to 100)
    "sqli": (find_sqli, 80),
    "ptrav": (find_ptrav, 70),
    "xss": (find_xss, 50),
}
REQUESTS_PER_POINT = 80  # about so many, where nothing is found


@dataclass(frozen=True)
class Finding:
    """A vulnerability, and the request that shows it."""

    type: str
    threat: int
    parameter: str
    request: Baseline


class NoAnswerError(Exception):
    """The application does not answer the baseline request itself."""


async def run_test_set(target: Target, request: Baseline, stops_on_first: bool) -> list[Finding]:
    """Try all parameters; one finding for each type and parameter. Raises TargetError or NoAnswerError."""
    points = points_of(request)
    if not points:
        return []
    if await target.send(request) is NO_ANSWER and await target.send(request) is NO_ANSWER:
        raise NoAnswerError
    tasks = [
        asyncio.ensure_future(_find(Probe(target, request, point), kind)) for point in points for kind in DETECTORS
    ]
    try:
        for next_one in asyncio.as_completed(tasks):
            if await next_one is not None and stops_on_first:
                break
    finally:
        await cancel_all(tasks)
    ended = [task.result() for task in tasks if task.done() and not task.cancelled() and task.exception() is None]
    found = [finding for finding in ended if finding is not None]
    unique = {(finding.type, finding.parameter): finding for finding in reversed(found)}
    return list(reversed(unique.values()))[: 1 if stops_on_first else None]


async def _find(probe: Probe, kind: str) -> Finding | None:
    detect, threat = DETECTORS[kind]
    value = await detect(probe)
    return None if value is None else Finding(kind, threat, probe.point.name, probe.request(value))
