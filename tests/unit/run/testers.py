"""Specs of a workflow that tests a record which is there, and what its nodes leave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from fastflow.record.result import PhaseResult
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, PASSES, Stage, settings_of

ALONE = (
    "workflows: {{ web: {{ build_id: web1, nodes: {{ test: {{ mode: testing, test_record_id: rec_1{more} }} }} }} }}"
)
REPORT = {
    "id": "tr_1",
    "vulnerabilities": [
        {"type": "xss", "threat": 30, "parameter": "GET_q", "method": "GET", "uri": "/search", "baseline": "bl_1"},
        {"type": "sqli", "threat": 80, "parameter": "POST_id", "method": "POST", "uri": "/buy", "baseline": "bl_2"},
    ],
}


def phase_of(directory: Path, script: Script = PASSES, more: str = "", **settings: Any) -> PhaseResult:
    """Run one testing phase; `more` is what its node has besides."""
    text = ALONE.format(more=f", {more}" if more else "")
    return Stage(directory, text, {"fast-test": script}, settings_of(**settings)).phase("web.test")


def reports(**told: Any) -> Script:
    """A tester that found two vulnerabilities and says so in its report."""
    content = json.dumps({"id": "tr_1", **told} if told else REPORT).encode()
    return replace(FINDS, files={"/opt/reports": {"Run.1700000000.json": content, "Run.1700000000.txt": b"two"}})


@contextmanager
def api(answer: bytes, status: int = 200, **headers: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A cloud that gives one answer; its address, and what it was asked."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            asked.append((self.path, self.headers["X-WallarmAPI-Token"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as http.server has it
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()
