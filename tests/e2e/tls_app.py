"""An application that speaks nothing but TLS, with a certificate that nobody trusts, and gives back `q`."""

from fastflow.emulation.image import image_name

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
