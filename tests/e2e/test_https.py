"""An application that speaks nothing but TLS, with a certificate that nobody trusts: recorded, attacked, told."""

import pytest

from fastflow.emulation.image import image_name

from .asking import ASK
from .runs import Fastflow, spec, workflow

pytestmark = pytest.mark.e2e

SERVER = """
import http.server, ssl, urllib.parse
from emulator.node.certificates import own_authority

class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        body = ("<p>" + asked.get("q", [""])[0]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

with open("/tmp/chain.pem", "wb") as chain:
    chain.write(own_authority().issue("app"))
server = http.server.ThreadingHTTPServer(("", 443), Echo)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tmp/chain.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening", flush=True)
server.serve_forever()
"""
APPLICATION = f"""
services:
  app:
    image: {image_name()}
    command: [python3, /app/server.py]
    volumes: ["./server.py:/app/server.py:ro"]
    stop_signal: SIGKILL
"""
RECORD = f"""
mode: recording
allowed_hosts: [app]
services: {{ app: {{ log: listening }} }}
source: {{ run: "{ASK} 'https://app/?q=tea' >page" }}
"""
TEST = """
mode: testing
services: { app: { log: listening } }
test_run_uri: https://app
"""


def test_what_is_encrypted_is_recorded_and_attacked(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(SERVER, "server.py")
    fastflow.write(spec({"web": workflow(build_id, {"record": RECORD, "test": TEST}, application=APPLICATION)}))
    ended = fastflow("up", "--emulate")
    assert ended.code == 1, ended.err
    assert (fastflow.directory / "page").read_text() == "<p>tea"
    (record, test) = ended.result["phases"]
    assert (record["state"], test["state"]) == ("passed", "vulnerable")
    assert [(found["type"], found["parameter"], found["uri"]) for found in test["vulnerabilities"]] == [
        ("xss", "q", "https://app/")
    ]
