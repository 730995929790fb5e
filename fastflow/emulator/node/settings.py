"""What the environment asks of a test run (Wallarm's FAST documentation, the testing mode's variables)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .baseline import site_of

REPORTS = "/opt/reports"
# FAST's default is 10 threads. Many a server keeps no more than 5 connections waiting, and one more waits for a second.
WORKERS = "6"


@dataclass(frozen=True)
class Settings:
    """A test run's settings; `site` is where the application is, None for where it was recorded."""

    name: str
    desc: str
    build_id: str | None
    record: str | None
    policy: str | None
    site: str | None
    rps: int | None
    workers: int
    stops_on_first: bool
    excluded: str
    reports: Path

    def facts(self) -> dict[str, Any]:
        """What the cloud is told of them."""
        return {
            "name": self.name,
            "desc": self.desc,
            "policy_id": self.policy,
            "rps": self.rps,
            "stop_on_first_fail": self.stops_on_first,
        }


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the variables; raises ValueError where one makes no sense."""
    uri = environment.get("TEST_RUN_URI", "").strip()
    rps = environment.get("TEST_RUN_RPS", "").strip()
    return Settings(
        name=environment.get("TEST_RUN_NAME") or datetime.now(UTC).strftime("TestRun %b %d %H:%M UTC"),
        desc=environment.get("TEST_RUN_DESC", ""),
        build_id=environment.get("BUILD_ID") or None,
        record=environment.get("TEST_RECORD_ID") or None,
        policy=environment.get("TEST_RUN_POLICY_ID") or None,
        site=site_of(uri) if uri else None,
        rps=_number("TEST_RUN_RPS", rps, 1000) if rps else None,
        workers=_number("WORKERS", environment.get("WORKERS") or WORKERS, 1000),
        stops_on_first=environment.get("TEST_RUN_STOP_ON_FIRST_FAIL", "").strip().lower() == "true",
        excluded=environment.get("FILE_EXTENSIONS_TO_EXCLUDE", ""),
        reports=reports_directory(environment),
    )


def reports_directory(environment: Mapping[str, str]) -> Path:
    """Where the reports go."""
    return Path(environment.get("FASTFLOW_EMULATOR_REPORTS") or REPORTS)


def _number(name: str, text: str, largest: int) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= largest:
        raise ValueError(f"{name} must be a number from 1 to {largest}: {text}")
    return int(text)
