"""The engine's own HTTP interface over a socket of this machine: an answer takes one millisecond, the command line's
twelve and a process. What the Docker command line knows besides (contexts, TLS, SSH, registries) stays with it.
"""

import http.client
import io
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastflow.engines.command_line import uses_default_context
from fastflow.engines.messages import explain
from fastflow.engines.process import Caller
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_DEFAULT = "/var/run/docker.sock"
_UNIX = "unix://"
_NOT_FOUND = 404
_FIRST_ERROR = 400
_HEADER = 8


def socket_of(environment: Mapping[str, str]) -> str | None:
    """Find the socket of the engine that an environment leads to; None where another way leads there."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    host = environment.get("DOCKER_HOST")
    if host:
        return host.removeprefix(_UNIX) if host.startswith(_UNIX) else None
    return _DEFAULT if uses_default_context(environment) else None


class GoneError(EngineCallError):
    """What was asked for is not there."""


@dataclass(frozen=True)
class EngineApi:
    """Asks an engine through `path`, its socket. `timeout` (seconds) is that of one call; a slot is taken meanwhile."""

    path: str
    caller: Caller
    timeout: float

    @property
    def address(self) -> str:
        """The engine's address, as in DOCKER_HOST."""
        return f"{_UNIX}{self.path}"

    def get(self, path: str, /, **query: str) -> Any:
        """Ask; return what the JSON of the answer says."""
        return json.loads(self._call("GET", path, query, self.timeout) or b"null")

    def post(self, path: str, /, *, longer: float = 0.0, **query: str) -> None:
        """Tell the engine to do something that takes up to `longer` seconds by itself."""
        self._call("POST", path, query, self.timeout + longer)

    def delete(self, path: str, /, **query: str) -> None:
        """Remove something."""
        self._call("DELETE", path, query, self.timeout)

    def read(self, path: str, consume: Callable[[IO[bytes]], None], /, **query: str) -> None:
        """Give what an answer holds to `consume` as it comes."""
        with self._errors(path, self.timeout), self._asked("GET", path, query, self.timeout) as answer:
            consume(io.BufferedReader(answer))

    def stream(self, path: str, /, *, is_framed: bool = False, **query: str) -> "Answer":
        """Ask for what goes on: the answer has no time limit once it has begun, and is to be closed."""
        with self._errors(path, self.timeout):
            answer = self._asked("GET", path, query, self.timeout)
        answer.go_on(is_framed=is_framed)
        return answer

    def clock(self) -> int:
        """The engine's own time, in whole seconds since the epoch."""
        with self._errors("/_ping", self.timeout), self._asked("GET", "/_ping", {}, self.timeout) as answer:
            return int(parsedate_to_datetime(answer.response.headers["Date"]).timestamp())

    def _call(self, method: str, path: str, query: Mapping[str, str], timeout: float) -> bytes:
        with (
            self.caller.slot(),
            self._errors(f"{method} {path}", timeout),
            self._asked(method, path, query, timeout) as answer,
        ):
            return answer.response.read()

    def _asked(self, method: str, path: str, query: Mapping[str, str], timeout: float) -> "Answer":
        """Send a request; `timeout` is in seconds and holds for each wait on the socket."""
        connection = _Connection(self.path, timeout)
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path)
            response = connection.getresponse()
            if response.status >= _FIRST_ERROR:
                raise _refused(f"{method} {path}", response.status, response.read())
        except BaseException:
            connection.close()
            raise
        return Answer(connection.socket, response)

    @contextmanager
    def _errors(self, shown: str, timeout: float) -> Iterator[None]:
        """Turn what the socket raises into what an engine raises."""
        try:
            yield
        except TimeoutError:
            message = f"the engine did not answer `{shown}` within {timeout:g} s"
            raise EngineTimeoutError(message, "is the engine under load, or hung?", shown) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(shown, error) from None

    def _unreachable(self, shown: str, error: Exception) -> EngineError:
        if isinstance(error, PermissionError):
            said = f"permission denied while trying to connect to the Docker daemon socket at {self.address}"
        else:
            said = f"Cannot connect to the Docker daemon at {self.address}. Is the docker daemon running?"
        message, hint = explain(said, shown, 0)
        return EngineCallError(message, hint, shown, None, said)


def segment(name: str) -> str:
    """Write a name or id as it stands in a path; the slashes of an image's name stay."""
    return quote(name, safe="/:@")


def label_filter(labels: Mapping[str, str | None]) -> str:
    """The filter that selects by label; None stands for any value."""
    return json.dumps({"label": [key if value is None else f"{key}={value}" for key, value in labels.items()]})


def _refused(shown: str, status: int, body: bytes) -> EngineCallError:
    said = body.decode(errors="replace")
    with suppress(ValueError, AttributeError):
        said = str(json.loads(said)["message"])
    message, hint = explain(said, shown, status)
    kind = GoneError if status == _NOT_FOUND else EngineCallError
    return kind(message, hint, shown, None, said)


class Answer(io.RawIOBase):
    """An answer as it comes. Logs come in frames: 8 bytes, the last four of which say how many bytes of text follow."""

    def __init__(self, connected: socket.socket, response: http.client.HTTPResponse) -> None:
        super().__init__()
        self.response = response
        self._socket = connected
        self._is_framed = False
        self._is_broken = False
        self._left = 0

    def go_on(self, *, is_framed: bool) -> None:
        """Wait without a limit from now on."""
        self._socket.settimeout(None)
        self._is_framed = is_framed

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what has come; nothing is its end."""
        return self._fill(memoryview(buffer).cast("B"))

    def piece(self, view: memoryview) -> int:
        """Read what has come; nothing is its end, also where the engine broke off."""
        try:
            return self._fill(view)
        except (OSError, ValueError, http.client.HTTPException):
            self._is_broken = True
            return 0

    def _fill(self, view: memoryview) -> int:
        size = len(view)
        if self._is_framed:
            while not self._left:
                header = self._exactly(_HEADER)
                if len(header) < _HEADER:
                    return 0
                self._left = int.from_bytes(header[4:], "big")
            size = min(size, self._left)
        piece = self.response.read1(size)
        view[: len(piece)] = piece
        self._left -= len(piece) if self._is_framed else 0
        return len(piece)

    def _exactly(self, size: int) -> bytes:
        held = b""
        while len(held) < size and (piece := self.response.read1(size - len(held))):
            held += piece
        return held

    def succeeded(self) -> bool:
        """Whether it came to its own end."""
        return not self._is_broken

    def stop(self) -> None:
        """Let nobody wait for it any more; safe from any thread, also while another reads."""
        self._is_broken = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Let go of it."""
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self.response.close()
        self._socket.close()
        super().close()


class _Connection(http.client.HTTPConnection):
    socket: socket.socket

    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.socket = self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(self.timeout)
        self.socket.connect(self._path)
