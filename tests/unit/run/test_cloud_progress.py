"""Progress from the public API: asked while a test runs, told when it is news, and of no harm whatever it says."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.record.events import Event, Listener, LogLine, Note, PhaseChanged, Progress
from fastflow.run.cloud_progress import CloudProgress, progress_of

TOLD = {
    "state": "running",
    "vulns": [{"type": "xss"}],
    "baseline_count": 14,
    "baseline_check_all_terminated_count": 5,
    "sended_requests_count": 612,
    "estimated_time_to_completion": 20,
}
TOLD_OF = Progress("web.test", baselines_done=5, baselines=14, requests=612, vulnerabilities=1, seconds_left=20)
CREATED = LogLine("web.test", "INFO [1]: TestRun#tr_7 created")
ENDED = PhaseChanged("web.test", "passed", None, "testing")
PATIENCE = 10.0


class Cloud:
    """Answers one thing after the other, the last one again and again; counts what it is asked."""

    def __init__(self, *answers: Mapping[str, Any] | bytes) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []
        self.changed = threading.Condition()

    def answer(self, path: str, token: str | None) -> bytes:
        with self.changed:
            self.asked.append((path, token))
            self.changed.notify_all()
            told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return told if isinstance(told, bytes) else json.dumps(told).encode()

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, PATIENCE)


@contextmanager
def served(cloud: Cloud) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = cloud.answer(self.path, self.headers["X-WallarmAPI-Token"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Heard:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.came = threading.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.came.set()


def planned(cloud: str = "{}") -> Plan:
    text = (
        f"cloud: {cloud}\n"
        "workflows: { web: { build_id: 1, nodes: { record: { mode: recording }, test: { mode: testing } } } }"
    )
    (facts,) = check([SpecText("f.yml", Path(), text.encode())], None).specs
    return plan(facts, Path(), Selection())


@contextmanager
def watching(url: str, tell: Listener, made: Plan | None = None) -> Iterator[CloudProgress]:
    watch = CloudProgress(made or planned(), {"web": url}, {"WALLARM_API_TOKEN": "tok"}, tell, period=0.005)
    try:
        yield watch
    finally:
        watch.close()
        for thread in threading.enumerate():
            if thread.name == "cloud-progress":
                thread.join(PATIENCE)


def test_the_api_is_asked_for_a_test_run_that_was_created_and_what_is_news_is_told() -> None:
    heard, cloud = Heard(), Cloud(TOLD, TOLD, TOLD, {**TOLD, "sended_requests_count": 700})
    with served(cloud) as url, watching(url, heard) as watch:
        watch(CREATED)
        cloud.wait_for(6)
    assert heard.events[:2] == [TOLD_OF, replace(TOLD_OF, requests=700)]
    assert set(cloud.asked) == {("/v1/test_run/tr_7", "tok")}


def test_a_phase_that_has_ended_is_not_asked_for_again() -> None:
    heard, cloud = Heard(), Cloud(TOLD)
    with served(cloud) as url, watching(url, heard) as watch:
        watch(CREATED)
        cloud.wait_for(1)
        watch(ENDED)
        watch(LogLine("web.test", "INFO [1]: TestRun#tr_8 created"))
        with cloud.changed:
            assert cloud.changed.wait_for(lambda: cloud.asked[-1][0].endswith("tr_8"), PATIENCE)
        asked = [path.rpartition("/")[2] for path, _ in cloud.asked]
    assert "tr_7" not in asked[asked.index("tr_8") :]


@pytest.mark.parametrize(
    ("event", "made"),
    [
        (CREATED, planned("{ query: false }")),
        (LogLine("web.record", CREATED.line), planned()),
        (LogLine("web.other", CREATED.line), planned()),
        (Note("TestRun#tr_7 created", None), planned()),
    ],
    ids=["query off", "a recording", "an unknown phase", "a note"],
)
def test_nothing_is_asked_of_what_is_no_test_run_to_ask_for(event: Event, made: Plan) -> None:
    with watching("http://127.0.0.1:9", Heard(), made) as watch:
        watch(event)
        assert not any(thread.name == "cloud-progress" for thread in threading.enumerate())


def test_an_answer_that_is_none_is_asked_for_again() -> None:
    heard, cloud = Heard(), Cloud(b"<html>", b"[1]", b'{"vulns": 3, "baseline_count": true}', b"[" * 99999, TOLD)
    with served(cloud) as url, watching(url, heard) as watch:
        watch(CREATED)
        assert heard.came.wait(PATIENCE)
    assert heard.events == [TOLD_OF]


def test_a_display_that_fails_does_not_end_the_questions() -> None:
    cloud = Cloud(*({**TOLD, "sended_requests_count": number} for number in range(9)))

    def broken(_: Event) -> None:
        raise OSError

    with served(cloud) as url, watching(url, broken) as watch:
        watch(CREATED)
        cloud.wait_for(4)


def test_one_thread_asks_for_all_phases() -> None:
    cloud = Cloud(TOLD)
    text = "workflows: { web: { build_id: 1, nodes: {"
    text += ", ".join(f"t{n}: {{ mode: testing, test_record_id: r, build_id: {n} }}" for n in range(5)) + " } } }"
    (facts,) = check([SpecText("f.yml", Path(), text.encode())], None).specs
    with served(cloud) as url, watching(url, lambda _: None, plan(facts, Path(), Selection())) as watch:
        for number in range(5):
            watch(LogLine(f"web.t{number}", f"TestRun#tr_{number} created"))
        cloud.wait_for(10)
        assert sum(thread.name == "cloud-progress" for thread in threading.enumerate()) == 1
    assert {path for path, _ in cloud.asked} == {f"/v1/test_run/tr_{number}" for number in range(5)}


@pytest.mark.parametrize("value", [-1, True, "5", None, 1e300, float("inf"), float("nan"), [], {}])
def test_what_is_no_number_is_left_out(value: object) -> None:
    assert progress_of("web.test", {**TOLD, "sended_requests_count": value}) == replace(TOLD_OF, requests=None)


def test_numbers_with_a_fraction_are_cut() -> None:
    assert progress_of("web.test", {**TOLD, "estimated_time_to_completion": 20.9}) == TOLD_OF
