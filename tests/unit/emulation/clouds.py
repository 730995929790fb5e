"""An engine in memory that has an emulated cloud."""

import http.server
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from fastflow.emulation import LABEL
from fastflow.errors import EngineError
from fastflow.run.container import PublishedPort
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.fakes.lease import FakeLease

IMAGE = "fastflow-emulator:1"
PUBLISHED = PublishedPort(80, "tcp", "127.0.0.1", 40001)


@contextmanager
def answering(tell: Callable[[], str]) -> Iterator[int]:
    """Something on a port of this machine that answers each request with what `tell` returns then."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(tell().encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


class LeaseInTwoSteps(FakeLease):
    """As over an engine's socket: the container is there first, and runs when it is told to."""

    def start(self) -> None:
        engine = cast(FakeEngine, self._engine)
        engine.world.start(engine.box(self.container_id))


class Engine(FakeEngine):
    """Makes the cloud. `locks` are the states of the lock's container at each step, `asked` what the cloud is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.published = PUBLISHED
        self.locks: list[str] = []
        self.held = 0
        self.asked: list[str] = []

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> FakeLease | None:
        self.held += 1
        try:
            return LeaseInTwoSteps(self, self.world.create(name, labels, image, Script()).container.id)
        except EngineError:
            return None

    def create_network(self, name: str, settings: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        self._look()
        super().create_network(name, settings, labels)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self._look()
        self.kept["volumes"][name] = dict(labels)

    def create_container(self, settings: Mapping[str, Any], name: str) -> str:
        self._look()
        return self.world.create(
            name, settings["Labels"], settings["Image"], Script(ports=(self.published,))
        ).container.id

    def output_of(self, container_id: str, command: Iterable[str]) -> str:
        self._look()
        self.asked.append(f"{container_id} {list(command)[-1]}")
        return ""

    def attached(self, network_id: str) -> tuple[str, ...]:
        return self.network_users(network_id)

    def disconnect(self, network_id: str, container_id: str) -> None:
        self.box(container_id).attached -= {network_id}

    def _look(self) -> None:
        self.locks += [found.status for found in self.containers({LABEL: "lock"})]
