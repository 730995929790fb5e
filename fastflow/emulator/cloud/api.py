"""The cloud's HTTP API: the public one of FAST, and what nodes and fastflow use besides."""

import asyncio
import json
import re
import signal
import socket
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..http import Request, Respond, send_simple, serve_connection
from .state import CloudState, Refusal

PORT = 80
_RUN = re.compile(r"/v1/test_run/([^/]+)")
_BASELINES = re.compile(r"/emulator/v1/records/([^/]+)/baselines")
_FINISH = re.compile(r"/emulator/v1/records/([^/]+)/finish")
_NODE_RUN = re.compile(r"/emulator/v1/runs/([^/]+)")
_RUN_FIELDS = ("name", "desc", "policy_id", "rps", "stop_on_first_fail")
Answer = tuple[int, Any]


class CloudApi:
    """Maps requests to the state."""

    def __init__(self, state: CloudState) -> None:
        self.state = state

    async def handle(self, request: Request, respond: Respond) -> None:
        """Answer one request."""
        try:
            status, answer = self.answer(request)
        except Refusal as refusal:
            status, answer = refusal.status, {"status": refusal.status, "body": {"error": refusal.code}}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, sqlite3.Error):
            status, answer = 400, {"status": 400, "body": {"error": "bad_request"}}
        await send_simple(respond, status, json.dumps(answer).encode(), "application/json")

    def answer(self, request: Request) -> Answer:
        """Give status and content."""
        path = request.target.partition("?")[0]
        own = self._own(request.method, path)
        if own is not None:
            return own
        headers = {key.lower(): value for key, value in request.headers}
        owner = self.state.identify(headers.get(b"x-wallarmapi-token", b"").decode("latin-1"))
        body = json.loads(request.body) if request.body else {}
        if not isinstance(body, dict):
            raise Refusal(400, "bad_request")
        if request.method == "POST" and path == "/v1/test_run":
            return self._create(owner, body)
        if request.method == "GET" and (match := _RUN.fullmatch(path)):
            return 200, {"status": 200, "body": self.state.run(owner, match[1])}
        return self._for_node(request.method, path, owner, body)

    def _own(self, method: str, path: str) -> Answer | None:
        if path == "/emulator/health":
            return 200, {"ok": True, "id": socket.gethostname()}
        if path == "/emulator/status":
            return 200, self.state.counts()
        if path == "/emulator/reset" and method == "POST":
            self.state.reset()
            return 200, self.state.counts()
        return None

    def _create(self, owner: str, body: Mapping[str, Any]) -> Answer:
        """Wallarm's public API: create a test run, by copying where a record is named."""
        facts = {field: body[field] for field in _RUN_FIELDS if field in body}
        if not isinstance(facts.get("name"), str) or not facts["name"]:
            raise Refusal(400, "name_required")
        build_id = _text(body, "build_id")
        record = self.state.find_record(owner, build_id, _text(body, "test_record_id"))
        return 200, {"status": 200, "body": self.state.start_run(owner, build_id, record, facts)}

    def _for_node(self, method: str, path: str, owner: str, body: dict[str, Any]) -> Answer:
        if method == "POST" and path == "/emulator/v1/records":
            return 200, {"id": self.state.start_record(owner, _text(body, "build_id"), str(body["name"]))}
        if method == "POST" and (match := _BASELINES.fullmatch(path)):
            return 200, {"ids": self.state.add_baselines(owner, match[1], list(body["requests"]))}
        if method == "POST" and (match := _FINISH.fullmatch(path)):
            self.state.finish_record(owner, match[1])
            return 200, {}
        if method == "POST" and path == "/emulator/v1/records/find":
            return 200, {"id": self.state.find_record(owner, _text(body, "build_id"), _text(body, "record"))}
        if method == "POST" and path == "/emulator/v1/runs":
            record = str(body["record"])
            run = self.state.start_run(owner, _text(body, "build_id"), record, dict(body["facts"]))
            return 200, {"run": run, "baselines": self.state.baselines(owner, record)}
        if method == "POST" and (match := _NODE_RUN.fullmatch(path)):
            return 200, {"state": self.state.update_run(owner, match[1], dict(body["facts"]), _text(body, "state"))}
        if method == "GET" and path == "/emulator/v1/last-run":
            return 200, self.state.run(owner, None)
        raise Refusal(404, "not_found")


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refusal(400, "bad_request")
    return str(value)


def run_cloud(environment: Mapping[str, str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    words = environment.get("FASTFLOW_EMULATOR_TOKENS", "").split(",")
    tokens = frozenset(word.strip() for word in words if word.strip())
    directory = Path(environment.get("FASTFLOW_EMULATOR_DATA") or "/data")
    directory.mkdir(parents=True, exist_ok=True)
    api = CloudApi(CloudState(directory / "cloud.sqlite", tokens))
    asyncio.new_event_loop().run_until_complete(serve(api, int(environment.get("FASTFLOW_EMULATOR_PORT") or PORT)))
    return 0


async def serve(api: CloudApi, port: int) -> None:
    """Serve the API until SIGTERM or SIGINT; port 0 means any that is free, which the log tells."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await asyncio.start_server(
        lambda reader, writer: serve_connection(reader, writer, api.handle),
        "0.0.0.0",  # noqa: S104  # the cloud is there for other containers
        port,
    )
    print(f"[info] the emulated cloud answers on port {server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    server.close()
