"""A test run: its test sets one by one, and what the cloud is told meanwhile."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .baseline import Baseline, aim
from .cloud_client import CloudClient
from .detection import REQUESTS_PER_POINT, Finding, NoAnswerError, run_test_set
from .log import test_error, test_info
from .points import points_of
from .settings import Settings
from .stop import cancel_all
from .target import Target
from .vulnerability import Vulnerabilities

_BEAT = 0.5  # seconds between two reports to the cloud
_SPARE = 4  # threads


class TakenError(Exception):
    """Another test run took the slot of this one."""


class TestRun:
    """The state of a test run that the cloud has created."""

    def __init__(self, cloud: CloudClient, run: str, baselines: Sequence[Baseline], settings: Settings) -> None:
        self._cloud = cloud
        self._path = f"/emulator/v1/runs/{run}"
        self._settings = settings
        self._sets = [(baseline.id, aim(baseline, settings.site)) for baseline in baselines]
        self._planned = [REQUESTS_PER_POINT * len(points_of(request)) for _, request in self._sets]
        self._counts = dict.fromkeys(("passed", "fail", "tech_fail", "running", "interrupted"), 0)
        self._target = Target(settings.workers, settings.rps)
        self._vulnerabilities = Vulnerabilities(run)

    async def execute(self) -> str:
        """Run the test sets; give `passed` or `failed`. Raises TakenError, TargetError, and what the cloud raises."""
        # A name that nobody answers for, such as that of an application that starts again, holds up a thread for each
        # request: the cloud's name needs one that is free.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self._settings.workers + _SPARE))
        work = asyncio.ensure_future(self._run_sets())
        beat = asyncio.ensure_future(self._beat())
        try:
            await asyncio.wait({work, beat}, return_when=asyncio.FIRST_COMPLETED)
            if beat.done():
                beat.result()
            return await work
        finally:
            await cancel_all([work, beat])

    async def _beat(self) -> None:
        while True:
            await self.report(None)
            await asyncio.sleep(_BEAT)

    async def report(self, state: str | None) -> None:
        """Tell the cloud how things stand, and `state` where it is the last. Raises TakenError."""
        facts = self.facts(is_over=state is not None)
        answer = await self._cloud.call("POST", self._path, {"facts": facts, "state": state})
        if answer["state"] == "interrupted" and state != "interrupted":
            raise TakenError

    async def _run_sets(self) -> str:
        for url in dict.fromkeys("/".join(request.url.split("/", 3)[:3]) for _, request in self._sets):
            await self._target.check(url)
        for name, request in self._sets:
            test_info(f"Running a test set for the baseline #{name}")
            self._counts["running"] = 1
            ending = await self._run_set(name, request)
            self._counts["running"] = 0
            self._counts[ending] += 1
            if ending == "fail" and self._settings.stops_on_first:
                break
        return "failed" if self._counts["fail"] + self._counts["tech_fail"] else "passed"

    async def _run_set(self, name: str, request: Baseline) -> str:
        """Run a test set, log how it ended, and give the word of the count that it adds to."""
        try:
            found = await run_test_set(self._target, request, self._settings.stops_on_first)
        except NoAnswerError:
            test_error(f"Test set for baseline #{name} could not run: {request.method} {request.url} gave no answer")
            return "tech_fail"
        self._add(name, found)
        if found:
            count = f"Found {len(found)} vulnerabilities"
            test_info(f"{count}, marking the test set for baseline #{name} as failed")
            return "fail"
        test_info(f"No issues found. Test set for baseline #{name} passed.")
        return "passed"

    def _add(self, name: str, found: Sequence[Finding]) -> None:
        for finding in found:
            self._vulnerabilities.add(name, finding)

    def facts(self, is_over: bool) -> dict[str, Any]:
        """How things stand, in the fields of the public API."""
        counts = dict(self._counts)
        ended = counts["passed"] + counts["fail"] + counts["tech_fail"]
        waiting = len(self._sets) - ended - counts["running"]
        if is_over:
            counts["interrupted"], counts["running"], waiting = waiting + counts["running"], 0, 0
        rate = self._target.average()
        left = 0 if is_over else sum(self._planned[ended:])
        return {
            "baseline_count": len(self._sets),
            "baseline_check_all_terminated_count": ended + counts["interrupted"],
            "baseline_check_waiting_count": waiting,
            **{f"baseline_check_{word}_count": count for word, count in counts.items()},
            "sended_requests_count": self._target.sent,
            "planing_requests_count": self._target.sent + left,
            "current_rps": 0 if is_over else rate,
            "avg_rps": rate,
            "estimated_time_to_completion": round(left / rate) if rate else left // 100,
            "vulns": self._vulnerabilities.as_json(),
        }
