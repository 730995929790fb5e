"""The cloud's API as a client sees it."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

TIMEOUT = 20.0


@dataclass(frozen=True)
class Api:
    host: str
    token: str

    def call(self, method: str, path: str, content: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
        """Give status and content, which is JSON whatever was asked."""
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        body = raw if raw is not None else None if content is None else json.dumps(content).encode()
        try:
            connection.request(method, path, body, {"X-WallarmAPI-Token": self.token})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def run(self, run: str) -> dict[str, Any]:
        status, told = self.call("GET", f"/v1/test_run/{run}")
        assert status == 200
        body = told["body"]
        assert isinstance(body, dict)
        return body

    def error(self, method: str, path: str, content: Any = None, raw: bytes | None = None) -> tuple[int, str]:
        status, told = self.call(method, path, content, raw)
        return status, told["body"]["error"]

    def record(self, urls: list[str], build_id: str | None = None, is_finished: bool = True) -> str:
        """Make a record with baselines, as a recording node does."""
        record = self.call("POST", "/emulator/v1/records", {"build_id": build_id, "name": "TestRecord"})[1]["id"]
        requests = [{"method": "GET", "url": url, "headers": [["Host", "x"]], "body": ""} for url in urls]
        self.call("POST", f"/emulator/v1/records/{record}/baselines", {"requests": requests})
        if is_finished:
            self.call("POST", f"/emulator/v1/records/{record}/finish", {})
        return str(record)
