"""No adapter's scanner leaves its target, whatever tempts it."""

import pytest

from fastflow.engines.docker import DockerEngine

from .runs import Fastflow
from .scanner_images import require_scanners

pytestmark = pytest.mark.e2e
STRANGER = """
    import http.server

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            print("a visitor:", self.requestline, flush=True)
            raise SystemExit(1)

        do_POST = do_HEAD = do_OPTIONS = do_PUT = do_DELETE = do_TRACE = do_GET

    http.server.HTTPServer(("", 80), Stranger).serve_forever()
"""
TEMPTING_APPLICATION = """
    import http.server
    import json

    LINKS = '<a href="http://stranger/">away</a> <a href="/go?to=1">on</a>'
    PAGE = LINKS + '<form action="http://stranger/"><input name="q"></form>'
    DOCUMENT = {
        "openapi": "3.1.0",
        "info": {"title": "Tempting", "version": "1"},
        "servers": [{"url": "http://stranger"}],
        "paths": {"/go": {"get": {
            "parameters": [{"name": "to", "in": "query", "schema": {"type": "string"}}],
            "responses": {"302": {"description": "away"}},
        }}},
    }

    class Tempting(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            leads_away = self.path.startswith("/go")
            self.send_response(302 if leads_away else 200)
            if leads_away:
                self.send_header("Location", "http://stranger/")
            is_document = self.path == "/openapi.json"
            self.send_header("Content-Type", "application/json" if is_document else "text/html")
            self.end_headers()
            self.wfile.write((json.dumps(DOCUMENT) if is_document else PAGE).encode())

    http.server.ThreadingHTTPServer(("", 80), Tempting).serve_forever()
"""
# The source follows no redirect: it is http.client.
TEMPTATION = """
    workflows:
      app:
        build_id: temptation
        compose:
          x-python: &service { image: fastflow-python:3, stop_signal: SIGKILL, volumes: [".:/code:ro"] }
          services:
            app:
              <<: *service
              command: [python3, /code/app.py]
              healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"], interval: 1s }
            stranger: { <<: *service, command: [python3, /code/stranger.py] }
            tests:
              image: fastflow-python:3
              profiles: [tests]
              environment: { FAST: "http://fast:8080" }
              command:
                - python3
                - -c
                - |
                  import http.client
                  for path in ("/", "/go?to=1"):
                      proxy = http.client.HTTPConnection("fast", 8080)
                      proxy.request("GET", "http://app" + path)
                      proxy.getresponse().read()
        nodes:
          record: { mode: recording, recorder: har, allowed_hosts: [app], source: { service: tests } }
          schemathesis:
            mode: testing
            scanner: sarif
            image: fastflow-schemathesis
            test_run_uri: http://app
            command: [--max-examples, "5"]
          wapiti:
            mode: testing
            scanner: sarif
            image: fastflow-wapiti
            test_run_uri: http://app
            command: [--depth, "2", --max-scan-time, "60", --max-attack-time, "60"]
            depends_on: [schemathesis]
          sqlmap:
            mode: testing
            scanner: sarif
            image: fastflow-sqlmap
            test_run_uri: http://app
            command: [--smart, --technique, B]
            depends_on: [wapiti]
"""


def test_no_scanner_leaves_its_target(fastflow: Fastflow, docker_engine: DockerEngine) -> None:
    """Links, a form, redirects and the OpenAPI document lead to a stranger, who ends at his first visitor."""
    require_scanners(docker_engine)
    fastflow.write(STRANGER, "stranger.py")
    fastflow.write(TEMPTING_APPLICATION, "app.py")
    fastflow.write(TEMPTATION)
    ended = fastflow("up")
    assert ended.states["app.record"] == "passed", ended.err
    testing = {phase: state for phase, state in ended.states.items() if phase != "app.record"}
    assert set(testing) == {"app.schemathesis", "app.wapiti", "app.sqlmap"}
    assert set(testing.values()) <= {"passed", "vulnerable"}, ended.reasons
