"""The client of the Engine API: what it makes of answers, of their absence, and of connections."""

import io
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fastflow.engines.api import EngineApi, GoneError
from fastflow.engines.calls import Calls
from fastflow.engines.connection import SocketRoute
from fastflow.engines.docker_api import DockerApi
from fastflow.engines.failures import NOT_RUNNING
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, EngineUnreachableError
from fastflow.run.container import ContainerEvent
from tests.unit.engines.sockets import HANGS, answer, chunks, frame, serving
from tests.waiting import PATIENCE, until

VERSION = answer({"Version": "28.5"})


def test_one_connection_serves_questions_one_after_the_other(tmp_path: Path) -> None:
    with serving(tmp_path, {"GET /version": VERSION}) as (server, api):
        assert [api.version() for _ in range(3)] == ["28.5"] * 3
    assert server.connections == 1


def test_a_connection_that_the_engine_has_closed_is_replaced(tmp_path: Path) -> None:
    closed = VERSION.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n")
    with serving(tmp_path, {"GET /version": [closed, VERSION]}) as (server, api):
        assert [api.version() for _ in range(3)] == ["28.5"] * 3
    assert server.connections == 2


def test_questions_of_many_threads_leave_few_connections_open(tmp_path: Path) -> None:
    with serving(tmp_path, {"GET /version": VERSION}) as (_, api):
        threads = [threading.Thread(target=api.version) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= len(api.http._idle) <= 4


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("404 Not Found", "No such container: c1", GoneError),
        ("500 Internal Server Error", "can not: marked for removal and cannot be started", GoneError),
        ("500 Internal Server Error", "oh", EngineCallError),
        ("409 Conflict", "Conflict", EngineCallError),
    ],
)
def test_a_refusal_is_an_error_in_the_engines_words(
    tmp_path: Path, status: str, message: str, kind: type[EngineCallError]
) -> None:
    with serving(tmp_path, {"POST /containers/c1/start": answer({"message": message}, status)}) as (_, api):
        with pytest.raises(EngineCallError) as caught:
            api.start("c1")
        assert type(caught.value) is kind
        assert (caught.value.message, caught.value.command) == (message, "POST /containers/c1/start")
        assert caught.value.return_code is None


def test_a_refusal_without_words_says_so(tmp_path: Path) -> None:
    with (
        serving(tmp_path, {"GET /version": answer(b"", "500 Oops")}) as (_, api),
        pytest.raises(EngineCallError, match=r"^`GET /version` failed and printed nothing$"),
    ):
        api.version()


def test_an_engine_that_does_not_answer_in_time_is_named_with_the_request(tmp_path: Path) -> None:
    with (
        serving(tmp_path, {"GET /version": HANGS}, timeout=0.2) as (_, api),
        pytest.raises(EngineTimeoutError, match=r"^the engine did not answer `GET /version` within 0\.2 s$"),
    ):
        api.version()


def test_what_is_no_json_is_no_answer_of_an_engine(tmp_path: Path) -> None:
    with serving(tmp_path, {"GET /version": answer(b"<html>")}) as (_, api):
        with pytest.raises(EngineError, match=r"^the engine's answer to /version is not JSON$") as caught:
            api.version()
        assert caught.value.hint == f"check that a Docker Engine listens on unix://{tmp_path}/docker.sock"


def test_where_nothing_listens_no_engine_runs(tmp_path: Path) -> None:
    api = DockerApi(EngineApi(SocketRoute(f"{tmp_path}/docker.sock"), Calls(), PATIENCE))
    with pytest.raises(EngineUnreachableError) as caught:
        api.version()
    said = f"Cannot connect to the Docker daemon at unix://{tmp_path}/docker.sock: No such file or directory"
    assert (caught.value.message, caught.value.hint) == (said, NOT_RUNNING)


def test_an_answer_that_breaks_off_is_an_engine_that_went(tmp_path: Path) -> None:
    with (
        serving(tmp_path, {"GET /version": chunks(b'{"Ver', is_whole=False)}) as (_, api),
        pytest.raises(EngineUnreachableError, match="Cannot connect to the Docker daemon"),
    ):
        api.version()


TTY, PIPES = answer({"Config": {"Tty": True}}), answer({"Config": {}})


@pytest.mark.parametrize(
    ("entry", "pieces"),
    [
        (PIPES, [frame("one\ntw") + frame("odd\n", 2)[:3], frame("odd\n", 2)[3:] + frame("o\nthree")]),
        (PIPES, [bytes([byte]) for byte in frame("one\n") + frame("twodd\no\n", 2) + frame("three")]),
        (TTY, [b"one\r\ntwo", b"dd\r\no\nthree"]),
    ],
    ids=["frames across pieces", "byte by byte", "terminal"],
)
def test_a_log_is_given_line_by_line_however_it_comes(tmp_path: Path, entry: bytes, pieces: list[bytes]) -> None:
    lines: list[str] = []
    answers = {"GET /containers/c1/json": entry, "GET /containers/c1/logs": chunks(*pieces)}
    with serving(tmp_path, answers) as (_, api):
        api.read_logs("c1", lines.append)
    assert lines == ["one", "twodd", "o", "three"]


def test_a_log_that_is_followed_is_read_once_more_for_a_last_line_that_was_missed(tmp_path: Path) -> None:
    lines: list[str] = []
    log = [chunks(frame("one\n")), chunks(frame("one\nlast"))]
    with serving(tmp_path, {"GET /containers/c1/json": PIPES, "GET /containers/c1/logs": log}) as (server, api):
        assert api.follow_logs("c1", lines.append).join(PATIENCE)
    assert lines == ["one", "last"]
    assert [ask[-8:] for ask in server.asked if "logs" in ask] == ["follow=1", "follow=0"]


def test_a_stream_that_is_closed_gives_no_line_any_more(tmp_path: Path) -> None:
    lines: list[str] = []
    endless = chunks(frame("one\n"), is_whole=False).replace(b"Connection: close\r\n", b"")
    with serving(tmp_path, {"GET /containers/c1/json": PIPES, "GET /containers/c1/logs": endless}) as (_, api):
        stream = api.follow_logs("c1", lines.append)
        until(lambda: lines)
        stream.close()
        assert stream.join(PATIENCE)
    assert lines == ["one"]


def test_the_log_of_a_container_that_is_gone_is_empty(tmp_path: Path) -> None:
    gone = answer({"message": "No such container: c1"}, "404 Not Found")
    with serving(tmp_path, {"GET /containers/c1/json": [gone, PIPES], "GET /containers/c1/logs": gone}) as (_, api):
        for _ in range(2):
            assert api.follow_logs("c1", pytest.fail).join(PATIENCE)


def test_events_begin_at_the_engines_own_time(tmp_path: Path) -> None:
    events: list[ContainerEvent] = []
    told = b'{"Action": "start", "Actor": {"ID": "c1"}}\nno event\n{"Action": "die", "Actor": {"ID": "c1"}}\n'
    with serving(tmp_path, {"GET /events": chunks(told)}) as (server, api):
        assert api.events(events.append).join(PATIENCE)
    assert [event.action for event in events] == ["start", "die"]
    assert "since=1795510800" in server.asked[0]


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_in_a_container_gives_its_code_and_what_it_printed(tmp_path: Path, code: int) -> None:
    raw = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + frame("told\n") + frame("odd\n", 2)
    answers = {
        "POST /containers/c1/exec": answer({"Id": "e1"}, "201 Created"),
        "POST /exec/e1/start": raw,
        "GET /exec/e1/json": answer({"ExitCode": code}),
    }
    with serving(tmp_path, answers) as (_, api):
        assert api.exec("c1", ["look"], PATIENCE) == code
        if code == 0:
            assert api.output_of("c1", ["look"]) == "told\nodd\n"
            return
        with pytest.raises(EngineCallError, match=r"^odd$") as caught:
            api.output_of("c1", ["look", "closely"])
        assert (caught.value.command, caught.value.return_code) == ("docker exec look", 3)


def test_a_directory_is_copied_out_of_a_container_and_one_that_is_not_there_is_none(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("./a.json")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))
    gone = answer({"message": "Could not find the file /none in container c1"}, "404 Not Found")
    content = stream.getvalue()
    answers = {"GET /containers/c1/archive": [chunks(content[:700], content[700:]), gone]}
    with serving(tmp_path, answers) as (server, api):
        assert api.copy_from("c1", "/opt/reports/", tmp_path / "copied")
        assert not api.copy_from("c1", "/none", tmp_path / "none")
    assert (tmp_path / "copied/a.json").read_text() == "{}"
    assert not (tmp_path / "none").exists()
    assert server.asked[0].endswith("path=%2Fopt%2Freports%2F.")


def test_a_copy_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    with (
        serving(tmp_path, {"GET /containers/c1/archive": chunks(bytes(100), is_whole=False)}) as (_, api),
        pytest.raises(EngineError),
    ):
        api.copy_from("c1", "/opt/reports", tmp_path / "copied")


def test_the_connection_to_a_containers_streams_is_the_callers(tmp_path: Path) -> None:
    upgraded = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    with serving(tmp_path, {"POST /containers/c1/attach": upgraded}) as (_, api):
        connection = api.http.connect("/containers/c1/attach", stdin="1")
        assert connection.sock.gettimeout() is None
        assert connection not in api.http._idle
        connection.drop()


def refusal(message: str) -> bytes:
    return answer({"message": message}, "409 Conflict")


@pytest.mark.parametrize(
    ("remove", "requests"),
    [
        (
            lambda api: api.remove_containers(["c1"]),
            {"DELETE /containers/c1": refusal("removal already in progress")},
        ),
        (lambda api: api.remove_images(["app:1"]), {"DELETE /images/app:1": refusal("image is being used")}),
    ],
)
def test_what_another_removes_or_uses_is_fine(
    tmp_path: Path, remove: Callable[[DockerApi], None], requests: dict[str, bytes]
) -> None:
    gone = answer({"message": "No such container: c1"}, "404 Not Found")
    with serving(tmp_path, {**requests, "GET /containers/c1/json": [PIPES, gone]}) as (server, api):
        remove(api)
    assert server.asked[0].startswith("DELETE")


def test_of_removals_all_are_tried_before_the_first_error_is_raised(tmp_path: Path) -> None:
    answers = {f"DELETE /networks/n{number}": answer(b"", "204 No Content") for number in range(5)}
    answers["DELETE /networks/n1"] = answer({"message": "network n1 has active endpoints"}, "403 Forbidden")
    with (
        serving(tmp_path, answers) as (server, api),
        pytest.raises(EngineCallError, match="n1 has active endpoints"),
    ):
        api.remove_networks(f"n{number}" for number in range(5))
    assert len(server.asked) == 5


def test_an_image_is_known_by_its_content_whatever_its_labels(tmp_path: Path) -> None:
    def image(identity: str, env: list[str] | None, layers: list[str], **more: object) -> bytes:
        config = {"Env": env, "Labels": {"io.fastflow.run": identity}, "Cmd": ["run"]}
        return answer({"Id": identity, "Config": config, "RootFS": {"Layers": layers}, **more})

    answers = {
        "GET /images/a/json": image("sha256:1", None, ["l1"], RepoDigests=["b@sha256:9", "a@sha256:8"]),
        "GET /images/b/json": image("sha256:2", [], ["l1"], RepoDigests=None),
        "GET /images/c/json": image("sha256:3", ["A=1"], ["l1"]),
        "GET /images/d/json": image("sha256:4", None, ["l1", "l2"]),
        "GET /images/e/json": answer({"message": "no such image"}, "404 Not Found"),
    }
    with serving(tmp_path, answers) as (_, api):
        found = api.identify_images("abcde")
    assert [(name, one.id, one.digest) for name, one in found.items()] == [
        ("a", "sha256:1", "sha256:8"),
        ("b", "sha256:2", None),
        ("c", "sha256:3", None),
        ("d", "sha256:4", None),
    ]
    assert found["a"].content == found["b"].content
    assert len({one.content for one in found.values()}) == 3
