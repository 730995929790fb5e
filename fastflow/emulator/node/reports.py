"""The reports of a test run: a brief text and a detailed JSON (Wallarm's FAST documentation, /opt/reports)."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LONGEST_NAME = 180  # bytes: file systems allow 255, and the time and the suffix follow


def write_reports(directory: Path, run: Mapping[str, Any]) -> list[Path]:
    """Write both and give their paths; raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = f"{file_name(str(run['name']))}.{int(time.time())}"
    written = []
    for suffix, text in (("txt", _brief(run)), ("json", json.dumps(run, indent=2) + "\n")):
        path = directory / f"{stem}.{suffix}"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        written.append(path)
    return written


def file_name(name: str) -> str:
    """Make a file's name of a test run's: no slash, nothing that cannot be seen, no leading dot, not too long."""
    safe = re.sub(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", "_", name)
    safe = re.sub(r"^\.", "_", safe)
    return safe.encode()[:_LONGEST_NAME].decode(errors="ignore") or "TestRun"


def _brief(run: Mapping[str, Any]) -> str:
    found = run["vulns"]
    lines = [
        f"TestRun#{run['id']} {run['name']}: {run['state']}",
        f"TestRecord#{run['test_record_id']}: {run['baseline_count']} baselines",
        f"{run['sended_requests_count']} requests sent",
        f"{len(found)} vulnerabilities" + (":" if found else ""),
        *(
            f"  {one['type']} (threat {one['threat']}): {one['method']} {one['uri']}, parameter {one['parameter']}, "
            f"baseline #{one['baseline']}"
            for one in found
        ),
    ]
    return "\n".join(" ".join(line.splitlines()) for line in lines) + "\n"
