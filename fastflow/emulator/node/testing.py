"""Testing mode: a test run made from a test record, its test sets, its reports, its exit code."""

import asyncio
from collections.abc import Mapping
from typing import Any

from .baseline import Baseline, has_extension, is_last, read_baseline
from .cloud_client import CloudClient, DeniedError, RefusedError, UnreachableError
from .log import error, info, test_error, test_info
from .reports import write_reports
from .runner import TakenError, TestRun
from .settings import Settings, read_settings
from .stop import Stop, StoppedError
from .target import TargetError

_LARGEST_END = 2.0  # seconds for the last word to the cloud of a node that was stopped


async def run_testing(environment: Mapping[str, str]) -> int:
    """Run a test run to its end: 0 where it passed, 1 for all else. Raises DeniedError, UnreachableError."""
    stop = Stop()
    cloud = CloudClient(environment)
    try:
        settings = read_settings(environment)
        created, baselines = await stop.guard(_create(cloud, settings))
    except ValueError as fault:
        error(f"Can't create new instance - {fault}")
        return 1
    except RefusedError as refusal:
        test_error(f"TestRun can't be created: {refusal}")
        return 1
    except StoppedError:
        test_error("Stopped before a TestRun was created")
        return 1
    run = TestRun(cloud, created["id"], baselines, settings)
    if baselines:
        state = await _execute(run, stop)
    else:
        test_error("empty_test_record: FILE_EXTENSIONS_TO_EXCLUDE leaves no baseline")
        state = "failed"
    return await _close(run, created, state, settings)


async def _create(cloud: CloudClient, settings: Settings) -> tuple[dict[str, Any], list[Baseline]]:
    asked = {"build_id": settings.build_id, "record": settings.record}
    record = (await cloud.call("POST", "/emulator/v1/records/find", asked))["id"]
    info("Node connected to Wallarm Cloud")
    test_info(f"Use TestRecord#{record} for creating TestRun")
    wanted = {"build_id": settings.build_id, "record": record, "facts": settings.facts()}
    created = await cloud.call("POST", "/emulator/v1/runs", wanted)
    test_info(f"TestRun#{created['run']['id']} created")
    every = [read_baseline(baseline) for baseline in created["baselines"]]
    return created["run"], sorted((one for one in every if not has_extension(one, settings.excluded)), key=is_last)


async def _execute(run: TestRun, stop: Stop) -> str:
    """Give the state that the test run has come to; what went wrong is in the log."""
    try:
        return await stop.guard(run.execute())
    except TargetError as failure:
        test_error(f"The application under test cannot be reached: {failure}")
    except TakenError:
        return "taken"
    except StoppedError:
        return "interrupted"
    except (UnreachableError, RefusedError, DeniedError) as failure:
        test_error(f"The cloud no longer accepts messages of this TestRun: {failure}")
    return "failed"


async def _close(run: TestRun, created: Mapping[str, Any], state: str, settings: Settings) -> int:
    """Tell the cloud, write the reports, and write the log's last line."""
    name, facts = created["id"], run.facts(is_over=True)
    try:
        if state != "taken":
            await asyncio.wait_for(run.report(state), _LARGEST_END if state == "interrupted" else None)
    except TakenError:
        state = "taken"
    except (TimeoutError, UnreachableError, RefusedError, DeniedError) as failure:
        test_error(f"The cloud did not accept the end of this TestRun: {failure}")
        state = "failed" if state == "passed" else state
    try:
        shown = "interrupted" if state == "taken" else state
        write_reports(settings.reports, {**created, **facts, "state": shown})
    except OSError as failure:
        test_error(f"The reports could not be written: {failure}")
        state = "failed" if state == "passed" else state
    if state == "passed":
        test_info(f"TestRun#{name} passed")
        return 0
    ends = {"taken": "interrupted: another TestRun took its place", "interrupted": "interrupted: stopped from outside"}
    test_error(f"TestRun#{name} {ends.get(state, 'failed')}")
    return 1
