"""What is let go of where something does not come to be: outputs, connections."""

import socket
import threading
from typing import Any, cast

import pytest

from fastflow.engines.answer import Answer
from fastflow.engines.api import EngineApi, GoneError
from fastflow.engines.connection import Connection, Wire
from fastflow.engines.lease import ContainerLease
from fastflow.engines.stream import LineStream
from fastflow.errors import EngineError


def test_an_output_that_no_thread_can_read_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    class Output:
        is_closed = False

        def close(self) -> None:
            self.is_closed = True

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    output = Output()
    with pytest.raises(EngineError, match="can't start new thread"):
        LineStream(cast(Answer, output), print)
    assert output.is_closed


def is_closed(wire: Wire) -> bool:
    return wire.socket.fileno() == -1


class Api:
    """An engine that prunes the first container before it runs."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.started = 0

    def create(self, *_: object, **__: object) -> Any:
        return {"Id": f"c{len(self.wires)}"}

    def connect(self, *_: object, **__: object) -> Connection:
        self.wires.append(Wire(socket.socket(socket.AF_UNIX)))
        return Connection(self.wires[-1])

    def post(self, path: str, **_: object) -> None:
        if path == "/containers/c0/start":
            raise GoneError("no such container")
        self.started += 1

    def wait(self, *_: object, **__: object) -> None:
        pass

    def delete(self, *_: object, **__: object) -> None:
        pass


def test_a_lease_that_is_taken_again_lets_go_of_its_first_connection() -> None:
    api = Api()
    lease = ContainerLease(cast(EngineApi, api), "lease", "image", {})
    assert lease.claim()
    lease.start()
    assert (api.started, lease.container_id) == (1, "c1")
    assert [is_closed(wire) for wire in api.wires] == [True, False]
    lease.release()
    assert [is_closed(wire) for wire in api.wires] == [True, True]
