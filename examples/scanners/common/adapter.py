"""What an adapter gets of fastflow, and what it gives back: the frame around every scanner.

Exit code 0: nothing was found. 1: vulnerabilities were found. 2: the scanner could not do its work.
"""

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common.record import Request, read_file, requests_to
from common.sarif import Finding, Tool, sarif_log

REPORTS = Path("/opt/reports")
PASSED, VULNERABLE, FAILED = 0, 1, 2
ANSWER_TIMEOUT = 10.0  # seconds


class AdapterError(Exception):
    """The scanner could not do its work; the message is the reason."""


@dataclass(frozen=True)
class Attack:
    """What to attack, and how: the command of the container is options of the scanner."""

    target: str
    """The target's URL without a slash at its end."""
    build_id: str
    requests: Sequence[Request]
    """The recorded requests to the target, at least one."""
    options: Sequence[str]


@dataclass(frozen=True)
class Scan:
    """What a scanner found."""

    tool: Tool
    findings: Sequence[Finding]


def main(scan: Callable[[Attack, Path], Scan]) -> None:
    """Run a scanner as the container's command; the directory that it gets is its own, and goes with it."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        attack = read_attack(os.environ, sys.argv[1:])
        require_answer(attack.target, "before the attack")
        with tempfile.TemporaryDirectory() as scratch:
            found = scan(attack, Path(scratch))
        if not found.findings:
            require_answer(attack.target, "after the attack, so finding nothing means nothing")
        count = write_report(found, attack.build_id, REPORTS)
    except AdapterError as error:
        print(f"failed: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except Exception:  # an exception's own exit code is 1, and that says "vulnerable"
        traceback.print_exc()
        sys.exit(FAILED)
    print(f"{found.tool.name} {found.tool.version}: vulnerabilities found: {count}")
    sys.exit(VULNERABLE if count else PASSED)


def read_attack(environment: Mapping[str, str], arguments: Sequence[str]) -> Attack:
    """Read the variables that fastflow sets, and the record; raises AdapterError."""
    missing = [name for name in ("FASTFLOW_RECORD", "FASTFLOW_TARGET") if not environment.get(name)]
    if missing:
        raise AdapterError(f"{' and '.join(missing)} is not set: this image is made for `scanner: sarif` of fastflow")
    path, target = Path(environment["FASTFLOW_RECORD"]), environment["FASTFLOW_TARGET"].rstrip("/")
    try:
        recorded = read_file(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AdapterError(f"the record {path} cannot be read: {type(error).__name__}: {error}") from error
    requests = requests_to(target, recorded)
    if not requests:
        others = ", ".join(sorted({"{}://{}:{}".format(*request.origin) for request in recorded}))
        raise AdapterError(f"no recorded request went to {target}; requests went to: {others or 'nowhere'}")
    return Attack(target, environment.get("BUILD_ID", ""), requests, tuple(arguments))


def require_answer(target: str, moment: str) -> None:
    """Raise AdapterError unless the target answers, with any status: scanners call a target that is down safe."""
    parts = urlsplit(target)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        # Certificates are not verified: applications under test have some of their own making.
        options = {"context": ssl._create_unverified_context()} if parts.scheme == "https" else {}
        connection = make(parts.netloc, timeout=ANSWER_TIMEOUT, **options)
        connection.request("GET", parts.path or "/")
        connection.getresponse()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise AdapterError(f"{target} does not answer {moment}: {error}") from error


def call(command: Sequence[str], ends_with: Collection[int] = (0,)) -> None:
    """Run a scanner, its output shown; raises AdapterError for other exit codes than those."""
    code = subprocess.run(command, check=False).returncode
    if code not in ends_with:
        raise AdapterError(f"{command[0]} ended with exit code {code}")


def write_report(scan: Scan, build_id: str, directory: Path) -> int:
    """Write the SARIF; return how many vulnerabilities are in it."""
    log = sarif_log(scan.tool, scan.findings, build_id)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{scan.tool.name}.sarif").write_text(json.dumps(log, indent=2) + "\n", encoding="utf-8")
    return len(log["runs"][0]["results"])
