"""The Engine API over HTTP: one client for every engine, over any route."""

import http.client
import io
import json
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import IO, Any
from urllib.parse import quote

from fastflow.engines.answer import Answer
from fastflow.engines.calls import Calls
from fastflow.engines.connection import Connection, Route, drop_all
from fastflow.engines.failures import NOT_ALLOWED, NOT_RUNNING
from fastflow.engines.messages import failed, known
from fastflow.engines.request import Request
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, EngineUnreachableError

_NOT_FOUND = 404
_GOING = "marked for removal"
_FIRST_ERROR = 400
_PING = "/_ping"
_LOCAL = re.compile(r"unix://|npipe://|tcp://(localhost|127\.[\d.]+|\[::1\])(:|/|$)")
NEWEST_API = (1, 51)
"""The newest version of the API that `make engines` tests. Newer engines are asked in it too: every engine accepts the
versions from its oldest to its own (documentation of the Engine API)."""


class GoneError(EngineCallError):
    """The requested object does not exist, or is being removed."""


@dataclass(frozen=True)
class EngineApi:
    """Sends requests to an engine over `route`. `timeout` (seconds) is that of one call, which also takes a turn."""

    route: Route
    calls: Calls
    timeout: float
    _idle: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        weakref.finalize(self, drop_all, self._idle)

    @property
    def address(self) -> str:
        """The engine's address, as in DOCKER_HOST."""
        return self.route.address

    @property
    def is_local(self) -> bool:
        """Whether the engine is on this machine."""
        return _LOCAL.match(self.address) is not None

    def get(self, path: str, /, **query: str) -> Any:
        """Send a GET request; return the JSON of the answer."""
        return self._json(Request("GET", path, self.timeout, query))

    def post(self, path: str, /, *, longer: float = 0.0, is_change: bool = False, **query: str) -> None:
        """Tell the engine to do something; if it may take up to `longer` seconds, the call takes no turn."""
        request = Request("POST", path, self.timeout + longer, query)
        _ = self._read(request) if longer else self._call(request, is_change=is_change)

    def create(self, path: str, body: Mapping[str, Any], /, **query: str) -> Any:
        """Create something; return the JSON of the answer."""
        return self._json(Request("POST", path, self.timeout, query, json.dumps(body).encode()))

    def create_as(self, login: str, path: str, body: Mapping[str, Any]) -> Any:
        """Create something that needs an image from a registry, with the login for it."""
        headers = {"Content-Type": "application/json", "X-Registry-Auth": login}
        return self._json(Request("POST", path, self.timeout, {}, json.dumps(body).encode(), headers))

    def drain(self, path: str, body: Mapping[str, Any], timeout: float) -> str:
        """Let the engine do something with output, for up to `timeout` seconds; return that, in frames, at its end."""
        with self._asked(Request("POST", path, timeout, body=json.dumps(body).encode())) as answer:
            answer.is_framed = True
            return io.BufferedReader(answer).read().decode(errors="replace")

    def _json(self, request: Request) -> Any:
        try:
            return json.loads(self._call(request) or b"null")
        except ValueError:
            hint = f"check that a Docker Engine listens on {self.address}"
            raise EngineError(f"the engine's answer to {request.path} is not JSON", hint) from None

    def delete(self, path: str, /, **query: str) -> None:
        """Remove something."""
        self._call(Request("DELETE", path, self.timeout, query))

    def put(self, path: str, archive: bytes, /, **query: str) -> None:
        """Send a tar archive."""
        self._call(Request("PUT", path, self.timeout, query, archive, {"Content-Type": "application/x-tar"}))

    def wait(self, path: str, timeout: float, /, **query: str) -> None:
        """Wait for something, up to `timeout` seconds, without taking a turn."""
        self._read(Request("POST", path, timeout, query))

    def connect(self, path: str, /, **query: str) -> Connection:
        """Turn a connection into one to a container's streams, which the caller must drop."""
        upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
        with self._asked(Request("POST", path, self.timeout, query, headers=upgrade)) as answer:
            return answer.detach()

    def read(self, path: str, consume: Callable[[IO[bytes]], None], /, **query: str) -> None:
        """Pass the content of an answer to `consume` as it arrives."""
        with self._asked(Request("GET", path, self.timeout, query)) as answer:
            consume(io.BufferedReader(answer))

    def stream(self, path: str, /, *, is_framed: bool = False, **query: str) -> Answer:
        """Request a stream: the answer has no time limit once it has begun, and the caller must close it."""
        with self._asked(Request("GET", path, self.timeout, query), is_kept=True) as answer:
            answer.go_on(is_framed=is_framed)
            return answer

    def clock(self) -> int:
        """The engine's own time, in whole seconds since the epoch."""
        return int(parsedate_to_datetime(self._ping()["Date"]).timestamp())

    @property
    def is_podman(self) -> bool:
        """Whether Podman's service answers instead of a Docker Engine."""
        return "Libpod-API-Version" in self._greeting

    def _ping(self) -> Message:
        with self._asked(Request("GET", _PING, self.timeout)) as answer:
            answer.whole()
            return answer.response.headers

    @cached_property
    def _greeting(self) -> Message:
        """The engine's headers about itself; none if a proxy in between blocks the request."""
        try:
            return self._ping()
        except (EngineUnreachableError, EngineTimeoutError):
            raise
        except EngineCallError:
            return Message()

    @cached_property
    def _version(self) -> str:
        """The prefix of paths: engines accept paths without a version, but call them deprecated."""
        said = re.fullmatch(r"(\d+)\.(\d+)", self._greeting.get("Api-Version") or "")
        if said is None:
            return ""
        major, minor = min((int(said[1]), int(said[2])), NEWEST_API)
        return f"/v{major}.{minor}"

    def _call(self, request: Request, *, is_change: bool = False) -> bytes:
        with self.calls.slot(is_change=is_change):
            return self._read(request)

    def _read(self, request: Request) -> bytes:
        with self._asked(request) as answer:
            return answer.whole()

    @contextmanager
    def _asked(self, request: Request, *, is_kept: bool = False) -> Iterator[Answer]:
        """Send a request and yield the answer, closed afterwards unless it is kept; raises the errors of an engine."""
        answer = self._answer(request)
        try:
            yield answer
        except BaseException:
            answer.close()
            raise
        if not is_kept:
            answer.close()

    def _answer(self, request: Request) -> Answer:
        target = request.target if request.path == _PING else f"{self._version}{request.target}"
        with self._errors(request):
            connection = self._connected(request.timeout)
        try:
            with self._errors(request, connection):
                with suppress(BrokenPipeError):  # refused before its body was read; the answer says why
                    connection.request(request.method, target, request.body, dict(request.headers))
                response = connection.getresponse()
                if response.status >= _FIRST_ERROR:
                    raise _refused(request.shown, response.status, response.read())
        except BaseException:
            connection.drop()
            raise
        return Answer(connection, response, lambda: self._errors(request, connection), self._idle)

    def _connected(self, timeout: float) -> Connection:
        """Reuse a connection, or make one."""
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                connection = self._idle.pop()
                if connection.is_fresh:
                    connection.wire.socket.settimeout(timeout)
                    return connection
                connection.drop()
        return Connection(self.route.connect(timeout))

    @contextmanager
    def _errors(self, request: Request, connection: Connection | None = None) -> Iterator[None]:
        """Turn the errors of the socket into those of an engine."""
        try:
            yield
        except TimeoutError:
            message = f"the engine did not answer `{request.shown}` within {request.timeout:g} s"
            raise EngineTimeoutError(
                message, "check that the engine is not overloaded or hung", request.shown
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(request.shown, error, connection) from None

    def _unreachable(self, shown: str, error: Exception, connection: Connection | None) -> EngineError:
        if connection is not None and (reason := connection.wire.reason().strip()):
            broken = failed(shown, reason, otherwise=EngineCallError if known(reason) else EngineUnreachableError)
            broken.hint = broken.hint or NOT_RUNNING
            return broken
        if isinstance(error, PermissionError):
            said = f"permission denied while trying to connect to the Docker daemon at {self.address}"
            return EngineCallError(said, NOT_ALLOWED, shown, None, said)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        said = f"Cannot connect to the Docker daemon at {self.address}{': ' if why else ''}{why}"
        return EngineUnreachableError(said, NOT_RUNNING, shown, None, said)


def segment(name: str) -> str:
    """Quote a name or id for a path; the slashes of an image's name are kept."""
    return quote(name, safe="/:@")


def _refused(shown: str, status: int, body: bytes) -> EngineCallError:
    said = body.decode(errors="replace")
    with suppress(ValueError, AttributeError):
        said = str(json.loads(said)["message"])
    # An unknown object: Engine 20.10 uses the same status if it has no addresses left.
    return failed(shown, said, otherwise=GoneError if status == _NOT_FOUND or _GOING in said else EngineCallError)
