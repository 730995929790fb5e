"""From CI_MODE to the mode's own work, and what is common to how they fail."""

import asyncio
from collections.abc import Mapping

from .cloud_client import DeniedError, UnreachableError
from .log import error


def run_node(mode: str, environment: Mapping[str, str]) -> int:
    """Run a node to its end and give its exit code; the loop is left as it is, for the process ends with it."""
    return asyncio.new_event_loop().run_until_complete(_run(mode, environment))


async def _run(mode: str, environment: Mapping[str, str]) -> int:
    try:
        if mode == "recording":
            from .recording import run_recording  # noqa: PLC0415  # a mode starts without what the others need

            return await run_recording(environment)
        if mode == "testing":
            from .testing import run_testing  # noqa: PLC0415  # as above

            return await run_testing(environment)
        from .report import run_report  # noqa: PLC0415  # as above

        return await run_report(environment)
    except DeniedError:
        error("Can't create new instance - access denied")
    except UnreachableError:
        error("Can't create new instance - Request Timeout")
    return 1
