"""The frame of an adapter: what it reads, how it ends, and that nothing but a vulnerability ends with 1."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from .loading import CAPTURED, TARGET, attack, shared

adapter, record, sarif = shared("adapter"), shared("record"), shared("sarif")
TOOL = sarif.Tool("scanner", "1.2", "https://scanner.example")
FOUND = sarif.Finding(sarif.Rule("xss", "XSS", 6.1, "A page shows it."), "found", "GET", TARGET, "q")
Scan = Callable[[Any, Path], Any]


class Refusing(BaseHTTPRequestHandler):
    """An application that is up, and answers with an error."""

    def do_GET(self) -> None:
        self.send_error(500)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        pass


@contextmanager
def application() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Container:
    """What fastflow gives a container, and the exit code and SARIF that come of it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch
        patch.setattr(adapter, "REPORTS", folder / "reports")
        patch.setattr(adapter.signal, "signal", lambda *_: None)

    def run(self, scan: Scan, target: str, *options: str) -> int:
        har = json.loads((CAPTURED / "record.har").read_text().replace(TARGET, target))
        (self.folder / "record.har").write_text(json.dumps(har))
        self.patch.setenv("FASTFLOW_RECORD", str(self.folder / "record.har"))
        self.patch.setenv("FASTFLOW_TARGET", target)
        self.patch.setattr(sys, "argv", ["attack.py", *options])
        with pytest.raises(SystemExit) as ended:
            adapter.main(scan)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    @property
    def results(self) -> Any:
        return json.loads((self.folder / "reports/scanner.sarif").read_text())["runs"][0]["results"]


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Container:
    return Container(tmp_path, monkeypatch)


@pytest.fixture
def target() -> Iterator[str]:
    with application() as server:
        yield f"http://127.0.0.1:{server.server_port}"


def finds(*findings: Any) -> Scan:
    return lambda _attack, _scratch: adapter.Scan(TOOL, findings)


def test_vulnerabilities_end_it_with_1(container: Container, target: str) -> None:
    assert container.run(finds(FOUND), target) == 1
    assert [result["ruleId"] for result in container.results] == ["xss"]


def test_nothing_found_ends_it_with_0_and_an_empty_report(container: Container, target: str) -> None:
    assert container.run(finds(), target) == 0
    assert container.results == []


def test_a_scanner_gets_the_command_as_options_and_a_folder_that_goes_with_it(
    container: Container, target: str
) -> None:
    seen: list[Any] = []

    def scan(attack: Any, scratch: Path) -> Any:
        seen.extend((attack.options, scratch))
        (scratch / "session").write_text("secret")
        return adapter.Scan(TOOL, [])

    container.run(scan, target, "--depth", "1")
    options, scratch = seen
    assert options == ("--depth", "1")
    assert not scratch.exists()


def test_an_exception_of_any_kind_is_a_failure_and_never_1(
    container: Container, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def scan(_attack: Any, _scratch: Path) -> Any:
        raise KeyError("vulnerabilities")

    assert container.run(scan, target) == 2
    assert "KeyError: 'vulnerabilities'" in capsys.readouterr().err
    assert not (container.folder / "reports").exists()


def test_a_scanner_that_fails_is_named(container: Container, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    def scan(_attack: Any, _scratch: Path) -> Any:
        adapter.call(["sh", "-c", "exit 3"])

    assert container.run(scan, target) == 2
    assert capsys.readouterr().err == "failed: sh ended with exit code 3\n"


def test_exit_codes_of_a_scanner_that_mean_something_else_than_a_failure_are_taken() -> None:
    adapter.call(["sh", "-c", "exit 1"], ends_with=(0, 1))


def test_a_target_that_is_down_is_not_attacked(container: Container, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert container.run(finds(FOUND), address) == 2
    assert f"{address} does not answer before the attack" in capsys.readouterr().err


def test_nothing_found_in_a_target_that_went_down_is_no_pass(
    container: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    with application() as server:

        def scan(_attack: Any, _scratch: Path) -> Any:
            server.shutdown()
            server.server_close()
            return adapter.Scan(TOOL, [])

        assert container.run(scan, f"http://127.0.0.1:{server.server_port}") == 2
    assert "does not answer after the attack" in capsys.readouterr().err


def test_without_fastflow_it_says_who_sets_its_variables() -> None:
    with pytest.raises(adapter.AdapterError, match="FASTFLOW_RECORD and FASTFLOW_TARGET is not set"):
        adapter.read_attack({"FASTFLOW_TARGET": ""}, [])


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"{}", b'{"log": {"entries": 7}}'])
def test_a_record_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "record.har").write_bytes(content)
    environment = {"FASTFLOW_RECORD": os.fspath(tmp_path / "record.har"), "FASTFLOW_TARGET": TARGET}
    with pytest.raises(adapter.AdapterError, match=r"record\.har cannot be read"):
        adapter.read_attack(environment, [])


def test_a_record_of_other_hosts_alone_is_no_record_of_the_target() -> None:
    with pytest.raises(adapter.AdapterError, match=r"no recorded request went to http://shop; .* http://app:3000$"):
        attack(target="http://shop")


def test_a_slash_at_the_end_of_the_target_makes_no_difference() -> None:
    assert attack(target=f"{TARGET}/") == attack()
