"""The process that loads python-on-whales, and makes the call of each order in a separate child.

The only user of python_on_whales. The library takes its environment from the process, has no time limit and no separate
session, and prints the environment (with the token) when told to debug. A child that makes one call has exactly the
environment of that call, leads a session that can be killed as a whole, and has no output but its answer
(docs/decisions/0001).

    python -P -m fastflow.engines.worker FD

FD is a socket that receives connections, one for each call. The child reads an order from it, as JSON, and writes its
process id, a line break, and an answer, as JSON. The worker ends when FD is closed.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from python_on_whales import DockerClient
from python_on_whales.client_config import ClientNotFoundError
from python_on_whales.exceptions import DockerException
from python_on_whales.utils import run

_NOT_EXECUTABLE = 126
"""A shell's exit code for a command that cannot be run."""


def serve(connections: socket.socket) -> None:
    """Make each call in a child; end when no more orders can come."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    while True:
        data, descriptors, _, _ = socket.recv_fds(connections, 1, 1)
        if not data:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                try:
                    connections.close()
                    _perform(connection)
                finally:
                    os._exit(0)


def _perform(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else the exit code of the library's commands would be lost
    os.setsid()
    connection.sendall(b"%d\n" % os.getpid())
    text = b"".join(iter(lambda: connection.recv(65_536), b""))
    order = json.loads(text)
    os.environ.clear()
    os.environ.update(order["environment"])
    connection.sendall(json.dumps(_answer(order)).encode())


def _answer(order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the exit code (null if the command line could not be run), its output, and the command."""
    try:
        return {"code": 0, "output": _call(order), "command": []}
    except DockerException as error:
        # A command's stdout is the requested data, such as JSON, as far as it arrived.
        output = error.stderr if (error.stderr or "").strip() else error.stdout
        return {
            "code": error.return_code,
            "output": output or "",
            "command": [str(word) for word in error.docker_command],
        }
    except ClientNotFoundError as error:
        return {"code": None, "output": str(error), "command": []}
    except OSError as error:
        return {"code": _NOT_EXECUTABLE, "output": str(error), "command": [str(error.filename)]}


def _call(order: Mapping[str, Any]) -> str:
    client = DockerClient(**order["client"])
    name, arguments = order["operation"], order["arguments"]
    operation: Any = UNSAID.get(name)
    if operation is not None:
        return str(operation(client, **arguments))
    operation = client
    for step in name.split("."):
        operation = getattr(operation, step)
    result = operation(**arguments)
    return result if isinstance(result, str) else ""


def _config(client: DockerClient, options: Sequence[str]) -> str:
    return str(run([*client.compose.docker_compose_cmd, "config", *options]))


def _version(client: DockerClient) -> str:
    return str(run([*client.compose.docker_compose_cmd, "version", "--short"]))


def _manifest(client: DockerClient, image: str, insecure: bool) -> str:
    return str(run([*client.docker_cmd, "manifest", "inspect", *(["--insecure"] if insecure else []), image]))


def _address(client: DockerClient, context: str | None) -> str:
    return str(client.context.inspect(context).endpoints["docker"].host)


UNSAID: Mapping[str, Callable[..., str]] = {
    "context.inspect": _address,  # it is an attribute of the result of context.inspect
    "compose.config": _config,  # compose.config has no `--no-interpolate` and returns a model, not the text
    "compose.version": _version,  # compose.version has no `--short`
    "manifest.inspect": _manifest,  # manifest.inspect has no `--insecure`, and is lazy
}
"""Operations that are not methods that return text; the library lacks the last three, but builds the rest of them."""


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
