"""An application that dies, starves or falls ill while a phase uses it, on the real engine: never passed."""

import re
import textwrap

import pytest

from .conftest import IMAGE
from .nodes import FOUND, PASSED, STARTS, TESTED, node, says
from .runs import Fastflow, workflow
from .runs import spec as written

pytestmark = pytest.mark.e2e

APP = """
import http.server, os, sys, threading, urllib.parse
ill, probes = threading.Event(), threading.Semaphore(0)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name, _, value = self.path.strip("/").partition("/")
        os.write(1, f"asked for {self.path}\\n".encode())  # in one piece, whatever other threads write
        if name == "exit":
            os._exit(int(value))
        if name.startswith("fragile") and "%" in self.path and not os.path.exists("/died"):
            open("/died", "w").close()
            os._exit(139)
        if name == "eat":
            kept = bytearray(300_000_000)
        if name == "health" and ill.is_set():
            probes.release()
        if name == "fall-ill":
            ill.set()
            for _ in range(4):
                probes.acquire()
        self.send_response(500 if name == "health" and ill.is_set() else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if name.startswith("search"):
            self.wfile.write(urllib.parse.unquote_plus(f"<p>{self.path}</p>").encode())
if len(sys.argv) > 1:
    with open("/tries", "a") as tries:
        tries.write("x")
    if os.path.getsize("/tries") < 3:
        sys.exit(1)
print("serving", flush=True)
http.server.ThreadingHTTPServer(("", 3000), Handler).serve_forever()
"""
CHECK = (
    "healthcheck: { test: [CMD, busybox, wget, -qO-, 'http://127.0.0.1:3000/health'],"
    " interval: 200ms, timeout: 20s, retries: 2, start_period: 60s }"
)
AT = r" at \d\d:\d\d:\d\d UTC"


def asks(*paths: str) -> str:
    """Requests to the application, for a shell; they may get no answer."""
    return "".join(f"busybox wget -qO /dev/null http://app:3000/{path}; " for path in paths)


AGAIN = "until busybox wget -qO /dev/null http://app:3000/health; do :; done; "
"""Waits until the application runs again: by then the engine has told of its end."""


def spec(build_id: str, app: str, tester: str = "", source: str = "", more: str = "") -> str:
    """A workflow with a recorder, a tester and an application; `app` is what the application has besides."""
    recorder = f"trap 'exit 0' TERM; {says(STARTS)}; sleep 600 & wait"
    record = node("recording", recorder, source=source or "{ run: 'true' }")
    test = node("testing", tester or f"{says(*PASSED)}", test_run_uri="'http://app:3000'")
    return textwrap.dedent(f"""
        cloud: {{ query: false }}
        workflows:
          web:
            build_id: {build_id}
            compose:
              services:
                app: {{ image: '{IMAGE}', volumes: ['./app.py:/app.py'], {CHECK}, {app} }}
                tests: {{ image: '{IMAGE}', command: ['true'] }}
                {more}
            nodes:
              record: {record}
              test: {test}
        """)


SERVES = "command: [python3, /app.py], init: true"
CASES = {
    "killed by an attack and restarted": (
        f"{SERVES}, restart: always",
        asks("exit/139") + AGAIN,
        f"service app ended with exit code 139{AT}, and was restarted, after the node had sent .*#bl_1",
        "asked for /exit/139",
    ),
    "ended by an attack and not restarted": (
        SERVES,
        asks("exit/3"),
        f"service app ended with exit code 3{AT}, after the node had sent .*#bl_1.*",
        "asked for /exit/3",
    ),
    "killed by its memory limit": (
        f"{SERVES}, restart: on-failure, mem_limit: 64m",
        asks("eat") + AGAIN,
        rf"service app ended with exit code 137 \(out of memory\){AT}, and was restarted, .*",
        "asked for /eat",
    ),
    "unhealthy": (
        SERVES,
        asks("fall-ill"),
        rf"service app turned unhealthy{AT}, .*: its last healthcheck ended with exit code 1: wget: .*500.*",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES, ids=lambda name: name.replace(" ", "-"))
def test_a_tester_is_not_passed_when_its_application_was(name: str, fastflow: Fastflow, build_id: str) -> None:
    app, attack, reason, last = CASES[name]
    fastflow.write(APP, "app.py")
    fastflow.write(spec(build_id, app, f"{says(*TESTED)}; {attack}{says(PASSED[-1])}"))
    ended = fastflow("up", "--progress", "plain")
    assert (ended.code, ended.states) == (3, {"web.record": "passed", "web.test": "failed"}), ended.reasons
    assert re.fullmatch(reason, ended.reasons["web.test"] or ""), ended.reasons
    evidence = ended.result["phases"][1]["evidence"]
    assert evidence["of"] == "service app"
    shown = [line for line in evidence["lines"] if "health" not in line and "serving" not in line]
    assert shown[-1:] == ([last] if last else shown[-1:])
    assert all(f"  | {line}" in ended.out for line in evidence["lines"])
    log = (ended.folder / "logs/web.test.service-app.log").read_text()
    assert last in log


def test_what_was_found_is_told_first(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(APP, "app.py")
    tester = f"{says(*TESTED)}; {asks('exit/139')}{AGAIN}{says(*FOUND[-2:])}; exit 1"
    fastflow.write(spec(build_id, f"{SERVES}, restart: always", tester))
    ended = fastflow("up")
    assert (ended.code, ended.states["web.test"]) == (1, "vulnerable")
    reason = (
        rf"2 vulnerabilities found: unknown; besides, service app ended with exit code 139{AT}, and was restarted.*"
    )
    assert re.fullmatch(reason, ended.reasons["web.test"] or "")


def test_the_emulator_finds_what_there_is_in_an_application_that_it_kills(fastflow: Fastflow, build_id: str) -> None:
    application = f"""
    services:
      app: {{ image: '{IMAGE}', volumes: ['./app.py:/app.py'], {CHECK}, {SERVES}, restart: always }}
      tests:
        image: '{IMAGE}'
        command: [sh, -c, 'for path in fragile search; do wget -qO- "http://app:3000/$$path?q=1"; done']
        environment: {{ http_proxy: "http://fast:8080" }}
    """
    nodes = {
        "record": "{ mode: recording, allowed_hosts: [app], source: { service: tests } }",
        "test": "{ mode: testing, test_run_uri: 'http://app:3000' }",
    }
    fastflow.write(APP, "app.py")
    fastflow.write(written({"web": workflow(build_id, nodes, application=application)}))
    ended = fastflow("up", "--emulate")
    assert (ended.code, ended.states) == (1, {"web.record": "passed", "web.test": "vulnerable"}), ended.reasons
    reason = rf".*xss.*; besides, service app ended with exit code 139{AT}, and was restarted.*"
    assert re.fullmatch(reason, ended.reasons["web.test"] or ""), ended.reasons


@pytest.mark.parametrize(
    "source",
    [
        "{ service: tests, command: [sh, -c, 'wget -qO- http://app:3000/exit/139; exec sleep 600'] }",
        "{ run: 'docker exec $(docker ps -q -f label=io.fastflow.build-id=BUILD_ID -f label=io.fastflow.role=node)"
        " busybox wget -qO- http://app:3000/exit/139; exec sleep 600' }",
    ],
)
def test_a_recording_of_a_dying_application_is_none(source: str, fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(APP, "app.py")
    fastflow.write(spec(build_id, f"{SERVES}, restart: always", source=source.replace("BUILD_ID", build_id)))
    ended = fastflow("up")
    assert (ended.code, ended.states) == (3, {"web.record": "failed", "web.test": "skipped"}), ended.reasons
    assert re.match(f"service app ended with exit code 139{AT}", ended.reasons["web.record"] or "")


@pytest.mark.parametrize(
    ("app", "more"),
    [
        ("command: [python3, /app.py, late], restart: on-failure", ""),
        ("command: [python3, /app.py, late], restart: always", ""),
        (
            f"{SERVES}, depends_on: {{ migrate: {{ condition: service_completed_successfully }} }}",
            f"migrate: {{ image: '{IMAGE}', command: ['true'] }}",
        ),
        (SERVES, f"job: {{ image: '{IMAGE}', command: [sleep, '1'] }}"),
    ],
    ids=["on-failure", "always", "migrations", "a job"],
)
def test_restarts_before_it_was_up_and_work_that_is_done_harm_nobody(
    app: str, more: str, fastflow: Fastflow, build_id: str
) -> None:
    fastflow.write(APP, "app.py")
    fastflow.write(spec(build_id, app, f"{says(*TESTED)}; {asks('', '')} sleep 2; {says(PASSED[-1])}", more=more))
    ended = fastflow("up")
    assert (ended.code, set(ended.states.values())) == (0, {"passed"}), ended.reasons


@pytest.mark.parametrize("needs", ["", "depends_on: { app: { condition: service_healthy } }"])
def test_an_unhealthy_service_fails_the_phase_at_once(needs: str, fastflow: Fastflow, build_id: str) -> None:
    check = "healthcheck: { test: 'echo no database >&2; exit 1', interval: 200ms, retries: 2 }"
    text = spec(build_id, SERVES, more=f"front: {{ image: '{IMAGE}', command: [sleep, '600'], init: true, {needs} }}")
    fastflow.write(APP, "app.py")
    fastflow.write(text.replace(CHECK, check))
    ended = fastflow("up")
    assert ended.code == 3
    expected = "service app is unhealthy: its last healthcheck ended with exit code 1: no database"
    assert ended.reasons["web.record"] == expected
