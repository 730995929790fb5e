"""An editor that shows one spec, with yaml-language-server as `scripts/editor` makes it, over LSP on its pipes."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_SERVER = Path(__file__).parents[2] / ".state/editor/node_modules/.bin/yaml-language-server"
_SETTINGS = {"yaml": {"schemaStore": {"enable": False}}}  # nothing of the network


class Editor:
    """Speaks to the server. A place in the spec is written as `|` where the cursor is to be."""

    def __init__(self, server: "subprocess.Popen[bytes]", directory: Path) -> None:
        self._server = server
        self._directory = directory
        self._opened = 0
        self._sent = 0
        self._shown: dict[str, Any] = {}
        root = {"uri": directory.as_uri(), "name": "root"}
        self._ask(
            "initialize", {"processId": None, "capabilities": {}, "rootUri": root["uri"], "workspaceFolders": [root]}
        )
        self._send("initialized", {})
        self._send("workspace/didChangeConfiguration", {"settings": _SETTINGS})

    def completions(self, text: str) -> list[str]:
        """What the server offers to write at the cursor."""
        return [item["insertText"] for item in self._at_cursor("completion", text)["items"]]

    def hover(self, text: str) -> str:
        """What the server shows of that which is under the cursor."""
        shown: str = self._at_cursor("hover", text)["contents"]["value"]
        return shown

    def problems(self, text: str) -> list[tuple[int, str]]:
        """What the server finds wrong: lines, counted from 1, and messages."""
        uri = self._open(text)
        while uri not in self._shown:
            self._read()
        return [(one["range"]["start"]["line"] + 1, one["message"]) for one in self._shown[uri]]

    def _at_cursor(self, kind: str, text: str) -> Any:
        before, _, after = text.partition("|")
        uri = self._open(before + after)
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self._ask(f"textDocument/{kind}", {"textDocument": {"uri": uri}, "position": place})

    def _open(self, text: str) -> str:
        """Open a text as a new file: the server keeps what it knows of one by its name."""
        self._opened += 1
        uri = (self._directory / f"{self._opened}.yml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, parameters: Any) -> Any:
        self._sent += 1
        self._send(method, parameters, id=self._sent)
        while True:
            message = self._read()
            if message.get("id") == self._sent and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _send(self, method: str, parameters: Any, **more: Any) -> None:
        self._write({"method": method, "params": parameters, **more})

    def _write(self, message: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._server.stdin.flush()

    def _read(self) -> Any:
        """Read a message; answer it if it is a question, keep it if it is about problems."""
        assert self._server.stdout is not None
        length = 0
        while line := self._server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message = json.loads(self._server.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._shown[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._write({"id": message["id"], "result": [_SETTINGS["yaml"]] * len(message["params"].get("items", ()))})
        return message


@contextmanager
def editor(directory: Path) -> Iterator[Editor]:
    """Open an editor in a directory."""
    if not _SERVER.exists():
        pytest.fail("yaml-language-server is missing; get it with `make editor`")
    with subprocess.Popen([_SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            yield Editor(server, directory)
        finally:
            server.kill()
