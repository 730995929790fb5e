"""Serves a WSGI application with a thread for each connection, until SIGTERM."""

import signal
import socketserver
import sys
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from shop.web import Application


class _ThreadingServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Log nothing: a security test sends thousands of requests."""


def serve(application: Application, port: int) -> None:
    """Listen on every address and return after SIGTERM, at once: no request takes long here."""
    # As the first process of a container, Python would ignore SIGTERM, and `docker stop` would take its full grace.
    signal.signal(signal.SIGTERM, _leave)
    with make_server("", port, application, _ThreadingServer, _QuietHandler) as server:
        print(f"listening on port {port}", flush=True)
        server.serve_forever()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
