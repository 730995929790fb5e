"""Test records and test runs, kept in SQLite so that they outlive the container."""

import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    number INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL, build_id TEXT, name TEXT, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS baseline (
    number INTEGER PRIMARY KEY AUTOINCREMENT, record INTEGER NOT NULL, request TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS run (
    number INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL, slot TEXT NOT NULL, record INTEGER NOT NULL,
    state TEXT NOT NULL, facts TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS baseline_record ON baseline (record);
"""
COUNTS = (
    "baseline_count",
    "baseline_check_all_terminated_count",
    "baseline_check_passed_count",
    "baseline_check_fail_count",
    "baseline_check_tech_fail_count",
    "baseline_check_running_count",
    "baseline_check_waiting_count",
    "baseline_check_interrupted_count",
    "sended_requests_count",
    "planing_requests_count",
    "current_rps",
    "avg_rps",
)
STATES = ("running", "paused", "interrupted", "passed", "failed")
_DEFAULTS = {"desc": "", "policy_id": None, "rps": None, "stop_on_first_fail": False}


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """The cloud refuses; `code` is the API's word for why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class CloudState:
    """What the cloud knows. Tokens are kept as hashes only."""

    def __init__(self, path: Path | str, tokens: frozenset[str] = frozenset()) -> None:
        self._tokens = tokens
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)

    def identify(self, token: str) -> str:
        """Return what stands for a token; raises Refusal where it is not accepted."""
        if not token or (self._tokens and token not in self._tokens):
            raise Refusal(403, "access_denied")
        return hashlib.sha256(token.encode()).hexdigest()

    # Test records
    def start_record(self, owner: str, build_id: str | None, name: str) -> str:
        """Begin a record. Without BUILD_ID this node takes the token's only place: a test run there is aborted."""
        if build_id is None:
            self._interrupt(owner, "")
        row = (owner, build_id, name, "recording")
        cursor = self._db.execute("INSERT INTO record (token, build_id, name, state) VALUES (?, ?, ?, ?)", row)
        self._db.commit()
        return _record_id(cursor.lastrowid)

    def add_baselines(self, owner: str, record: str, requests: list[Any]) -> list[str]:
        """Store baseline requests."""
        number = self._own_record(owner, record)
        ids = []
        for request in requests:
            row = (number, json.dumps(request))
            cursor = self._db.execute("INSERT INTO baseline (record, request) VALUES (?, ?)", row)
            ids.append(_baseline_id(cursor.lastrowid))
        self._db.commit()
        return ids

    def finish_record(self, owner: str, record: str) -> None:
        """The record is whole and may be tested."""
        number = self._own_record(owner, record)
        self._db.execute("UPDATE record SET state = 'ready' WHERE number = ?", (number,))
        self._db.commit()

    def find_record(self, owner: str, build_id: str | None, record: str | None) -> str:
        """Choose the record to test: the one named, the latest of the BUILD_ID, or the token's last."""
        if record is not None:
            return _record_id(self._own_record(owner, record))
        query, values = "SELECT max(number) FROM record WHERE token = ?", [owner]
        if build_id is not None:
            query, values = query + " AND build_id = ?", [owner, build_id]
        number = self._db.execute(query, values).fetchone()[0]
        if number is None:
            raise Refusal(404, "test_record_not_found")
        return _record_id(number)

    def _own_record(self, owner: str, record: str) -> int:
        query = "SELECT number FROM record WHERE number = ? AND token = ?"
        row = self._db.execute(query, (_number(record), owner)).fetchone()
        if row is None:
            raise Refusal(404, "test_record_not_found")
        return int(row[0])

    # Test runs
    def start_run(self, owner: str, build_id: str | None, record: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Create a test run; the one in the same slot is interrupted."""
        number = self._own_record(owner, record)
        if self._db.execute("SELECT state FROM record WHERE number = ?", (number,)).fetchone()[0] != "ready":
            raise Refusal(400, "not_ready_for_cloning")
        count = self._db.execute("SELECT count(*) FROM baseline WHERE record = ?", (number,)).fetchone()[0]
        if count == 0:
            raise Refusal(400, "empty_test_record")
        slot = build_id or ""
        self._interrupt(owner, slot)
        content = {**dict.fromkeys(COUNTS, 0), **_DEFAULTS, **facts}
        content |= {"test_record_id": _record_id(number), "vulns": [], "start_time": int(time.time())}
        content |= {"baseline_count": count, "baseline_check_waiting_count": count, "end_time": None}
        content |= {"estimated_time_to_completion": None, "ready_for_recording": False}
        row = (owner, slot, number, "running", json.dumps(content))
        cursor = self._db.execute("INSERT INTO run (token, slot, record, state, facts) VALUES (?, ?, ?, ?, ?)", row)
        self._db.commit()
        return self.run(owner, _run_id(cursor.lastrowid))

    def baselines(self, owner: str, record: str) -> list[dict[str, Any]]:
        """Give the baseline requests of a record."""
        number = self._own_record(owner, record)
        rows = self._db.execute("SELECT number, request FROM baseline WHERE record = ? ORDER BY number", (number,))
        return [{"id": _baseline_id(row[0]), **json.loads(row[1])} for row in rows]

    def run(self, owner: str, run: str | None) -> dict[str, Any]:
        """Give a test run; without an id the token's last."""
        if run is None:
            row = self._db.execute("SELECT max(number) FROM run WHERE token = ?", (owner,)).fetchone()
            number = row[0]
        else:
            number = _number(run)
        query = "SELECT state, facts FROM run WHERE number = ? AND token = ?"
        found = self._db.execute(query, (number, owner)).fetchone()
        if found is None:
            raise Refusal(404, "test_run_not_found")
        return {"id": _run_id(number), "state": found[0], **json.loads(found[1])}

    def update_run(self, owner: str, run: str, facts: dict[str, Any], state: str | None) -> str:
        """Take what a node tells of its test run; return its state, which may have become `interrupted`."""
        if state is not None and state not in STATES:
            raise Refusal(400, "unknown_state")
        known = self.run(owner, run)
        if known["state"] != "running":
            return str(known["state"])
        facts = {key: value for key, value in {**known, **facts}.items() if key not in ("id", "state")}
        if state in ("interrupted", "passed", "failed"):
            facts["estimated_time_to_completion"] = 0
            facts["end_time"] = int(time.time())
        values = (state or "running", json.dumps(facts), _number(run))
        self._db.execute("UPDATE run SET state = ?, facts = ? WHERE number = ?", values)
        self._db.commit()
        return state or "running"

    def _interrupt(self, owner: str, slot: str) -> None:
        query = "SELECT number, facts FROM run WHERE token = ? AND slot = ? AND state = 'running'"
        for number, text in self._db.execute(query, (owner, slot)).fetchall():
            facts = json.loads(text) | {"end_time": int(time.time()), "estimated_time_to_completion": 0}
            waiting, running = (f"baseline_check_{word}_count" for word in ("waiting", "running"))
            facts["baseline_check_interrupted_count"] = facts[waiting] + facts[running]
            facts |= {waiting: 0, running: 0}
            values = (json.dumps(facts), number)
            self._db.execute("UPDATE run SET state = 'interrupted', facts = ? WHERE number = ?", values)
        self._db.commit()

    # The emulator's own
    def counts(self) -> dict[str, int]:
        """Count what is kept."""
        return {
            "records": self._db.execute("SELECT count(*) FROM record").fetchone()[0],
            "baselines": self._db.execute("SELECT count(*) FROM baseline").fetchone()[0],
            "runs": self._db.execute("SELECT count(*) FROM run").fetchone()[0],
            "running": self._db.execute("SELECT count(*) FROM run WHERE state = 'running'").fetchone()[0],
        }

    def reset(self) -> None:
        """Forget everything but which ids were given out."""
        for table in ("record", "baseline", "run"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608  # names from the line above
        self._db.commit()


def _record_id(number: int | None) -> str:
    return f"rec_{number or 0:04d}"


def _run_id(number: int | None) -> str:
    return f"tr_{number or 0:04d}"


def _baseline_id(number: int | None) -> str:
    return f"bl_{number or 0:04d}"


def _number(text: str) -> int:
    digits = text.rpartition("_")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else -1
