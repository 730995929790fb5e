"""Attack requests as commands of curl: sent by curl itself, they arrive as they were."""

import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.report.curl import curl_command


def test_command_sends_the_attack_again() -> None:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        request = (
            f"POST /a/../b?q=[1-9]{{a,b}}&c=%27 HTTP/1.1\nHost: 127.0.0.1:{server.server_port}\n"
            "Content-Type: application/json\nX-Empty: \nX-Quote: it's $HOME `id`\nContent-Length: 999\n\n"
            "@/etc/passwd 'x' $(id)\nsecond line"
        )
        command = curl_command(request, "http://app:3000/b")
        assert command is not None
        subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=30)  # a shell reads it
        thread.join()
    ((method, path, headers, body),) = seen
    assert (method, path) == ("POST", "/a/../b?q=[1-9]{a,b}&c=%27")
    assert headers["content-type"] == "application/json"
    assert headers["x-empty"] == ""
    assert headers["x-quote"] == "it's $HOME `id`"
    assert body == b"@/etc/passwd 'x' $(id)\nsecond line"


@pytest.mark.parametrize(
    ("request_text", "uri", "url"),
    [
        ("GET /x HTTP/1.1\nHost: app", "https://app/x", "https://app/x"),
        ("GET /x HTTP/1.1\nHost: app", None, "http://app/x"),
        ("GET /x HTTP/1.1", "https://app:8443/x?y", "https://app:8443/x"),
        ("GET http://other/x HTTP/1.1\nHost: app", "http://app/x", "http://other/x"),
    ],
)
def test_address_is_that_of_the_request(request_text: str, uri: str | None, url: str) -> None:
    command = curl_command(request_text, uri)
    assert command is not None
    assert shlex.split(command)[-1] == url


@pytest.mark.parametrize(
    "text",
    ["", "no request", "GET /x HTTP/1.1", "GET x HTTP/1.1\nHost: a", "GET /x HTTP/1.1\nHost: a\n@/etc/passwd",
     "POST /x HTTP/1.1\nHost: a\n\n\x00", "GET /x HTTP/1.1\nHost: a\n\ncut … and 10 characters\x1b"],
)  # fmt: skip
def test_what_cannot_be_sent_again_has_no_command(text: str) -> None:
    assert curl_command(text, None) is None


@given(st.text(), st.text(), st.text())
def test_no_text_becomes_an_option_or_a_command(target: str, header: str, body: str) -> None:
    command = curl_command(f"GET /{target} HTTP/1.1\nHost: a\nX: {header}\n\n{body}", "http://a/")
    if command is not None:
        words = shlex.split(command)
        assert words[:6] == ["curl", "--include", "--path-as-is", "--globoff", "--request", "GET"]
        assert words[6].startswith("http://")
        assert set(words[7::2]) <= {"--header", "--data-raw"}
