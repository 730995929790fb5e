"""The stand-in cloud: tokens, records, slots, the public API, and requests that no client should send."""

import http.client
import signal
import socket
import uuid
from collections.abc import Callable

import pytest

from tests.unit.emulator.api import Api
from tests.unit.emulator.conftest import Process

FIELDS = {
    *("id", "name", "state", "vulns", "baseline_count", "sended_requests_count", "planing_requests_count"),
    *("current_rps", "avg_rps", "estimated_time_to_completion", "ready_for_recording", "start_time", "end_time"),
    *(
        f"baseline_check_{word}_count"
        for word in ("all_terminated", "passed", "fail", "tech_fail", "running", "waiting", "interrupted")
    ),
}
URL = "http://app.test/?q=1"


@pytest.fixture
def api(cloud: str) -> Api:
    return Api(cloud, uuid.uuid4().hex)


def run_of(api: Api, record: str, build_id: str | None = None) -> str:
    asked = {"name": "run", "test_record_id": record, "build_id": build_id}
    status, told = api.call("POST", "/v1/test_run", asked)
    assert status == 200, told
    return str(told["body"]["id"])


def test_a_test_run_of_the_public_api_has_every_field(api: Api) -> None:
    run = api.run(run_of(api, api.record([URL, URL])))
    assert run.keys() >= FIELDS
    assert (run["state"], run["baseline_count"], run["baseline_check_waiting_count"]) == ("running", 2, 2)


def test_what_is_asked_of_a_run_is_told_of_it(api: Api) -> None:
    asked = {"name": "n", "test_record_id": api.record([URL]), "policy_id": 7, "rps": 5, "stop_on_first_fail": True}
    run = api.run(api.call("POST", "/v1/test_run", asked)[1]["body"]["id"])
    assert {key: run[key] for key in asked} == asked


def test_a_record_is_tested_only_when_it_is_whole_and_not_empty(api: Api) -> None:
    recording, empty = api.record([URL], is_finished=False), api.record([])
    asked = {"name": "run", "test_record_id": recording}
    assert api.error("POST", "/v1/test_run", asked) == (400, "not_ready_for_cloning")
    assert api.error("POST", "/v1/test_run", asked | {"test_record_id": empty}) == (400, "empty_test_record")
    assert api.error("POST", "/v1/test_run", asked | {"test_record_id": "rec_999999"})[0] == 404


def test_of_several_records_the_newest_of_the_build_id_is_taken(api: Api) -> None:
    api.record([URL], "1")
    wanted = api.record([URL], "1")
    last = api.record([URL], "2")

    def find(build_id: str | None) -> str:
        return str(api.call("POST", "/emulator/v1/records/find", {"build_id": build_id})[1]["id"])

    assert (find("1"), find(None)) == (wanted, last)
    assert api.error("POST", "/emulator/v1/records/find", {"build_id": "3"}) == (404, "test_record_not_found")


def test_a_run_interrupts_the_one_in_its_slot_and_no_other(api: Api) -> None:
    record = api.record([URL])
    first, other, bare = run_of(api, record, "1"), run_of(api, record, "2"), run_of(api, record)
    second = run_of(api, record, "1")
    states = [api.run(run)["state"] for run in (first, other, bare, second)]
    assert states == ["interrupted", "running", "running", "running"]
    assert api.run(first)["baseline_check_interrupted_count"] == 1
    assert api.run(first)["end_time"] is not None
    told = api.call("POST", f"/emulator/v1/runs/{first}", {"facts": {}, "state": "passed"})[1]
    assert told == {"state": "interrupted"}


def test_a_recorder_without_build_id_takes_the_only_place_of_its_token(api: Api) -> None:
    record = api.record([URL], "1")
    alone, beside = run_of(api, record), run_of(api, record, "1")
    api.record([URL], "2")
    assert api.run(alone)["state"] == "running"
    api.record([URL])
    assert [api.run(run)["state"] for run in (alone, beside)] == ["interrupted", "running"]


def test_tokens_do_not_see_each_other(api: Api) -> None:
    record = api.record([URL], "1")
    run = run_of(api, record, "1")
    stranger = Api(api.host, uuid.uuid4().hex)
    assert stranger.error("GET", f"/v1/test_run/{run}") == (404, "test_run_not_found")
    assert stranger.error("POST", "/v1/test_run", {"name": "x", "test_record_id": record})[0] == 404
    run_of(stranger, stranger.record([URL], "1"), "1")
    assert api.run(run)["state"] == "running"


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("POST", "/v1/test_run", b"{", 400),
        ("POST", "/v1/test_run", b"[]", 400),
        ("POST", "/v1/test_run", b"{}", 400),
        ("POST", "/v1/test_run", b'{"name": 5}', 400),
        ("POST", "/v1/test_run", b'{"name": "x", "test_record_id": {}}', 400),
        ("POST", "/v1/test_run", b'{"name": "x", "test_record_id": "rec_99999999999999999999"}', 404),
        ("POST", "/v1/test_run", b"[" * 100_000, 400),
        ("POST", "/v1/test_run", b"\xff", 400),
        ("POST", "/emulator/v1/records", b"{}", 400),
        ("POST", "/emulator/v1/records", b'{"name": "x", "build_id": []}', 400),
        ("POST", "/emulator/v1/records/rec_0001/baselines", b"{}", 400),
        ("POST", "/emulator/v1/runs", b'{"record": 1}', 400),
        ("POST", "/emulator/v1/runs/tr_0001", b'{"facts": 1}', 400),
        ("POST", "/emulator/v1/runs/tr_0001", b'{"facts": {}, "state": "x"}', 400),
        ("GET", "/v1/test_run/tr_999999", None, 404),
        ("GET", "/v1/test_run/x", None, 404),
        ("DELETE", "/v1/test_run/tr_0001", None, 404),
        ("GET", "/", None, 404),
        ("GET", "/emulator/reset", None, 404),
    ],
)
def test_a_senseless_request_is_refused_in_json(
    api: Api, method: str, path: str, raw: bytes | None, status: int
) -> None:
    assert api.call(method, path, raw=raw)[0] == status
    assert api.call("GET", "/emulator/health") == (200, {"ok": True, "id": socket.gethostname()})


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    connection = http.client.HTTPConnection(api.host, timeout=20)
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    try:
        connection.putrequest("POST", "/v1/test_run")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.sock.sendall(piece * 990)
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Type")) == (413, "application/json")
    finally:
        connection.close()


@pytest.mark.parametrize("text", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"])
def test_what_is_no_http_is_refused(api: Api, text: bytes) -> None:
    host, _, port = api.host.partition(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(text)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_only_the_tokens_that_are_named_are_accepted(start_cloud: Callable[..., tuple[Process, str]]) -> None:
    _, host = start_cloud(FASTFLOW_EMULATOR_TOKENS="one, two,")
    assert Api(host, "two").call("POST", "/emulator/v1/records", {"name": "x"})[0] == 200
    for token in ("three", "one,", ""):
        assert Api(host, token).error("POST", "/emulator/v1/records", {"name": "x"}) == (403, "access_denied")


def test_what_is_known_outlives_the_container(start_cloud: Callable[..., tuple[Process, str]]) -> None:
    first, host = start_cloud()
    api = Api(host, "token")
    run = run_of(api, api.record([URL], "1"), "1")
    first.signal(signal.SIGTERM)
    assert first.end() == 0
    _, host = start_cloud()
    assert Api(host, "token").run(run)["state"] == "running"


def test_reset_forgets_all_and_gives_no_id_twice(start_cloud: Callable[..., tuple[Process, str]]) -> None:
    api = Api(start_cloud()[1], "token")
    record = api.record([URL], "1")
    run = run_of(api, record, "1")
    assert api.call("GET", "/emulator/status")[1] == {"records": 1, "baselines": 1, "runs": 1, "running": 1}
    assert api.call("POST", "/emulator/reset")[1] == {"records": 0, "baselines": 0, "runs": 0, "running": 0}
    assert api.error("GET", f"/v1/test_run/{run}")[0] == 404
    assert api.record([URL]) != record
