"""Report mode: fetch the report of a test run that has been."""

from collections.abc import Mapping
from urllib.parse import quote

from .cloud_client import CloudClient, RefusedError
from .log import error, info
from .reports import write_reports
from .settings import reports_directory
from .stop import Stop, StoppedError


async def run_report(environment: Mapping[str, str]) -> int:
    """Write the reports of TEST_RUN_ID, or of the token's last test run. Raises DeniedError, UnreachableError."""
    stop = Stop()
    cloud = CloudClient(environment)
    run_id = environment.get("TEST_RUN_ID", "").strip()
    try:
        if run_id:
            run = (await stop.guard(cloud.call("GET", f"/v1/test_run/{quote(run_id, safe='')}")))["body"]
        else:
            run = await stop.guard(cloud.call("GET", "/emulator/v1/last-run"))
        info("Node connected to Wallarm Cloud")
        for path in write_reports(reports_directory(environment), run):
            info(f"Report of TestRun#{run['id']} is in {path}")
    except (RefusedError, OSError) as failure:
        error(f"Can't get the report of {f'TestRun#{run_id}' if run_id else 'the last TestRun'}: {failure}")
        return 1
    except StoppedError:
        error("Stopped before the report was there")
        return 1
    return 0
