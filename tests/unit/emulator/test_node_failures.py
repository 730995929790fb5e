"""Testing nodes whose application, record, slot or time fails them."""

import re
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.unit.emulator.applications import Site, serve
from tests.unit.emulator.conftest import PATIENCE, Nodes, free_port
from tests.unit.emulator.shop import shop


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(shop) as served:
        yield served


def test_an_application_that_is_not_there_is_an_error(nodes: Nodes) -> None:
    nodes.api.record(["http://recorded.test/"])
    target = f"http://127.0.0.1:{free_port()}"
    code, lines = nodes.test(TEST_RUN_URI=target)
    assert code == 1
    assert lines[-2] == f"ERROR [1]: The application under test cannot be reached: {target}"
    assert lines[-1].endswith(" failed")
    code, lines = nodes.test()
    assert (code, "http://recorded.test" in lines[-2]) == (1, True)


def test_an_application_that_dies_meanwhile_is_an_error(nodes: Nodes) -> None:
    with serve(shop) as served:
        nodes.api.record([f"{served.url}/safe?q=1&r=2"])
        node = nodes.start("testing", TEST_RUN_RPS="20")
        node.wait_for("Running a test set")
    assert node.end() == 1
    assert "cannot be reached" in node.lines[-2]


def test_an_application_that_answers_nothing_is_no_pass(nodes: Nodes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            try:
                listener.accept()[0].close()
            except OSError:
                return

    thread = threading.Thread(target=hang_up)
    thread.start()
    nodes.api.record([f"http://127.0.0.1:{listener.getsockname()[1]}/?q=1"])
    code, lines = nodes.test()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    assert code == 1
    assert re.search(r"ERROR \[1\]: Test set for baseline #\S+ could not run: GET .* gave no answer", lines[-2])
    assert nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])["baseline_check_tech_fail_count"] == 1


@pytest.mark.parametrize(
    ("build_id", "word"), [("1", "not_ready_for_cloning"), ("2", "empty_test_record"), ("3", "test_record_not_found")]
)
def test_a_record_that_cannot_be_tested_is_an_error(nodes: Nodes, site: Site, build_id: str, word: str) -> None:
    nodes.api.record([site.url], "1", is_finished=False)
    nodes.api.record([], "2")
    code, lines = nodes.test(BUILD_ID=build_id)
    assert code == 1
    assert re.fullmatch(rf"ERROR \[1\]: .*\b{word}\b.*", lines[-1])


def test_a_record_is_taken_by_its_id_first(nodes: Nodes, site: Site) -> None:
    named = nodes.api.record([f"{site.url}/safe"])
    newest = nodes.api.record([f"{site.url}/safe"], "1")
    nodes.api.record([f"{site.url}/safe"], "2")
    for environment, record in (({"TEST_RECORD_ID": named}, named), ({}, newest)):
        assert f"INFO [1]: Use TestRecord#{record} for creating TestRun" in nodes.test(BUILD_ID="1", **environment)[1]


def test_a_run_whose_slot_is_taken_ends_at_once(nodes: Nodes, site: Site) -> None:
    record = nodes.api.record([f"{site.url}/safe?q=1"], "1")
    node = nodes.start("testing", BUILD_ID="1", TEST_RUN_RPS="1")
    node.wait_for("Running a test set")
    nodes.api.call("POST", "/v1/test_run", {"name": "x", "test_record_id": record, "build_id": "1"})
    assert node.end() == 1
    assert re.fullmatch(r"ERROR \[1\]: TestRun#\S+ interrupted: another TestRun took its place", node.lines[-1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_from_outside_is_interrupted(nodes: Nodes, site: Site, number: int) -> None:
    nodes.api.record([f"{site.url}/safe?q=1"], "1")
    node = nodes.start("testing", BUILD_ID="1", TEST_RUN_RPS="1")
    run = node.wait_for(r"TestRun#(\S+) created")[1]
    node.wait_for("Running a test set")
    assert wait_for_estimate(nodes, run) > 10
    node.signal(number)
    assert node.end() == 1
    assert node.lines[-1] == f"ERROR [1]: TestRun#{run} interrupted: stopped from outside"
    told = nodes.api.run(run)
    assert (told["state"], told["baseline_check_interrupted_count"]) == ("interrupted", 1)
    assert len(list(nodes.reports.iterdir())) == 2


def wait_for_estimate(nodes: Nodes, run: str) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        told = nodes.api.run(run)
        if told["estimated_time_to_completion"]:
            assert told["state"] == "running"
            return int(told["estimated_time_to_completion"])
    raise AssertionError("no estimate")
