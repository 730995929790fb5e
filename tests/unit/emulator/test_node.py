"""Testing and report nodes as the documentation has them: log, exit code, reports, what the cloud is told."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow.emulator.node.reports import file_name
from tests.unit.emulator.applications import Asked, Site, Told, serve
from tests.unit.emulator.conftest import PACKAGE, PATIENCE, Nodes, free_port

ACCOUNT = "root:x:0:0:root:/root:/bin/sh"


def shop(asked: Asked) -> Told:
    """Holes: `q` of /search, `id` of /item, `file` of /manual. Safe: /safe, and /member for strangers."""
    value = next(iter(asked.values.values()), "")
    if asked.path.endswith("/search"):
        return Told(f"<p>{asked.value('q')}")
    if asked.path.endswith("/item"):
        return Told("<p>ok" if asked.value("id").count("'") % 2 == 0 else "ORA-01756: quoted string", status=200)
    if asked.path.endswith("/manual"):
        steps = re.fullmatch(r"(?:\.\./){3,}etc/passwd", asked.value("file"))
        return Told(ACCOUNT if steps else "no such manual", "text/plain")
    if asked.path.endswith("/member"):
        return Told(f"<p>{asked.value('q')}" if asked.cookies.get("session") == "s1" else "<p>log in")
    return Told(json.dumps({"value": value}), "application/json")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(shop) as served:
        yield served


def test_a_test_run_without_findings_passes(nodes: Nodes, site: Site) -> None:
    record = nodes.api.record([f"{site.url}/safe?q=1", f"{site.url}/none"], "1")
    code, lines = nodes.test(BUILD_ID="1", TEST_RUN_NAME="nightly/1")
    run = lines[2].removeprefix("INFO [1]: TestRun#").removesuffix(" created")
    first, second = re.findall(r"for the baseline #(\S+)", "\n".join(lines))
    assert lines == [
        "[info] Node connected to Wallarm Cloud",
        f"INFO [1]: Use TestRecord#{record} for creating TestRun",
        f"INFO [1]: TestRun#{run} created",
        f"INFO [1]: Running a test set for the baseline #{first}",
        f"INFO [1]: No issues found. Test set for baseline #{first} passed.",
        f"INFO [1]: Running a test set for the baseline #{second}",
        f"INFO [1]: No issues found. Test set for baseline #{second} passed.",
        f"INFO [1]: TestRun#{run} passed",
    ]
    assert code == 0
    told = nodes.api.run(run)
    assert (told["state"], told["name"], told["vulns"]) == ("passed", "nightly/1", [])
    assert (told["baseline_count"], told["baseline_check_passed_count"], told["baseline_check_waiting_count"]) == (
        2,
        2,
        0,
    )
    assert told["sended_requests_count"] == told["planing_requests_count"] > 30
    assert told["end_time"] >= told["start_time"]
    assert sorted(re.sub(r"\d{9,}", "T", path.name) for path in nodes.reports.iterdir()) == [
        "nightly_1.T.json",
        "nightly_1.T.txt",
    ]


def test_vulnerabilities_fail_the_run_and_are_told(nodes: Nodes, site: Site) -> None:
    record = nodes.api.record([f"http://recorded.test/{path}=1&x=2" for path in ("search?q", "item?id", "manual?file")])
    code, lines = nodes.test(TEST_RUN_URI=f"{site.url}/prefix", TEST_RUN_DESC="why", TEST_RUN_POLICY_ID="5")
    assert code == 1
    assert lines[1] == f"INFO [1]: Use TestRecord#{record} for creating TestRun"
    assert (
        sum(bool(re.fullmatch(r"INFO \[1\]: Found 1 vulnerabilities, marking .* as failed", line)) for line in lines)
        == 3
    )
    run = nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])
    assert lines[-1] == f"ERROR [1]: TestRun#{run['id']} failed"
    assert (run["state"], run["desc"], run["policy_id"], run["baseline_check_fail_count"]) == ("failed", "why", "5", 3)
    found = {(one["type"], one["parameter"], one["method"], one["uri"]) for one in run["vulns"]}
    assert found == {
        ("xss", "q", "GET", f"{site.url}/prefix/search"),
        ("sqli", "id", "GET", f"{site.url}/prefix/item"),
        ("ptrav", "file", "GET", f"{site.url}/prefix/manual"),
    }
    assert all(1 <= one["threat"] <= 100 and one["code"] and one["baseline"] for one in run["vulns"])
    assert len({one["id"] for one in run["vulns"]}) == 3
    (detailed,) = nodes.reports.glob("*.json")
    assert json.loads(detailed.read_text())["vulns"] == run["vulns"]
    (brief,) = nodes.reports.glob("*.txt")
    assert f"sqli (threat 80): GET {site.url}/prefix/item, parameter id" in brief.read_text()


def test_the_request_of_a_finding_repeats_it_without_the_secrets(nodes: Nodes, site: Site) -> None:
    record = nodes.api.call("POST", "/emulator/v1/records", {"name": "x"})[1]["id"]
    headers = [["Cookie", "session=s1"], ["Authorization", "Bearer s2"], ["X-Kept", "yes"]]
    request = {"method": "GET", "url": f"{site.url}/member?q=1", "headers": headers, "body": ""}
    nodes.api.call("POST", f"/emulator/v1/records/{record}/baselines", {"requests": [request]})
    nodes.api.call("POST", f"/emulator/v1/records/{record}/finish", {})
    assert nodes.test()[0] == 1
    (report,) = nodes.reports.glob("*.json")
    (found,) = json.loads(report.read_text())["vulns"]
    assert re.match(r"GET /member\?q=\S*svg\S* HTTP/1.1\nHost: 127.0.0.1:\d+\n", found["request"])
    assert "X-Kept: yes" in found["request"]
    assert "s1" not in report.read_text()
    assert "s2" not in report.read_text()
    assert site.requests[-1].headers["host"] == site.host


def test_equal_baselines_are_tested_each_and_found_once(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/search?q=1", f"{site.url}/search?q=1"])
    code, lines = nodes.test()
    assert code == 1
    assert sum("Found 1 vulnerabilities" in line for line in lines) == 2
    run = nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])
    assert len(run["vulns"]) == 1
    assert len(run["vulns"][0]["baselines"]) == run["baseline_check_fail_count"] == 2


def test_the_first_finding_can_end_the_run(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/safe?q=1", f"{site.url}/search?q=1&id=1", f"{site.url}/item?id=1"])
    code, lines = nodes.test(TEST_RUN_STOP_ON_FIRST_FAIL="true")
    run = nodes.api.run(re.findall(r"TestRun#(\S+) failed", lines[-1])[0])
    counts = [run[f"baseline_check_{word}_count"] for word in ("passed", "fail", "interrupted")]
    assert (code, counts, len(run["vulns"])) == (1, [1, 1, 1], 1)


def test_what_may_end_the_session_is_tested_last(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/{path}" for path in ("logout?q=1", "first?q=1", "second?q=1")])
    begin = len(site.requests)
    assert nodes.test()[0] == 0
    assert list(dict.fromkeys(asked.path for asked in site.requests[begin:])) == ["/first", "/second", "/logout"]


def test_extensions_can_be_left_out(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/search.PNG?q=1", f"{site.url}/a.ico?q=1", f"{site.url}/pngs?q=1"])
    begin = len(site.requests)
    assert nodes.test(FILE_EXTENSIONS_TO_EXCLUDE="jpg|png|ico")[0] == 0
    assert {asked.path for asked in site.requests[begin:]} == {"/pngs"}
    code, lines = nodes.test(FILE_EXTENSIONS_TO_EXCLUDE=".png|ico|pngs")
    assert (code, lines[-1][:5]) == (0, "INFO ")


def test_nothing_left_to_test_is_no_pass(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/a.ico?q=1"])
    code, lines = nodes.test(FILE_EXTENSIONS_TO_EXCLUDE="ico")
    assert code == 1
    assert "empty_test_record" in lines[-2]


def test_requests_keep_to_their_rate(nodes: Nodes) -> None:
    times: list[float] = []

    def timed(asked: Asked) -> Told:
        times.append(time.monotonic())
        return shop(asked)

    with serve(timed) as slow:
        nodes.api.record([f"{slow.url}/search?q=1"])
        assert nodes.test(TEST_RUN_RPS="40", TEST_RUN_STOP_ON_FIRST_FAIL="true")[0] == 1
    assert len(times) > 8
    assert (len(times) - 1) / (times[-1] - times[0]) < 48


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_are_how_many_requests_run_at_once(nodes: Nodes, workers: int) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def counting(asked: Asked) -> Told:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        full.wait(0.002)  # a pause in which others come, if they may
        with lock:
            now -= 1
        return shop(asked)

    full = threading.Event()
    with serve(counting) as busy:
        nodes.api.record([f"{busy.url}/safe?q=1&r=2"])
        assert nodes.test(WORKERS=str(workers))[0] == 0
    assert most == workers


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
    begin = time.monotonic()
    node.signal(number)
    assert node.end() == 1
    assert time.monotonic() - begin < 3
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


@pytest.mark.parametrize("mode", ["recording", "testing", "report"])
def test_a_cloud_that_is_not_there_is_said(nodes: Nodes, mode: str) -> None:
    for host in (f"127.0.0.1:{free_port()}", "no-such-host.invalid"):
        node = nodes.start(mode, WALLARM_API_HOST=host)
        assert node.end() == 1
        assert node.log == "[error] Can't create new instance - Request Timeout"


def test_a_host_that_is_no_cloud_is_said(nodes: Nodes) -> None:
    with serve(lambda _: Told("<p>hello")) as other:
        node = nodes.start("testing", WALLARM_API_HOST=other.host)
        assert node.end() == 1
    assert node.log == "[error] Can't create new instance - Request Timeout"


@pytest.mark.parametrize("mode", ["recording", "testing", "report"])
def test_a_token_that_is_not_accepted_is_said(nodes: Nodes, mode: str) -> None:
    node = nodes.start(mode, WALLARM_API_TOKEN="")
    assert node.end() == 1
    assert node.log == "[error] Can't create new instance - access denied"


@pytest.mark.parametrize("mode", ["", "Recording", "replay"])
def test_another_mode_is_refused(nodes: Nodes, mode: str) -> None:
    node = nodes.start(mode)
    assert node.end() == 1
    assert node.log.startswith("[error] CI_MODE is ")


@pytest.mark.parametrize(
    "fault", [{"TEST_RUN_RPS": "0"}, {"TEST_RUN_RPS": "x"}, {"WORKERS": "-1"}, {"TEST_RUN_URI": "http://"}]
)
def test_a_setting_that_makes_no_sense_is_refused(nodes: Nodes, fault: dict[str, str]) -> None:
    code, lines = nodes.test(**fault)
    assert code == 1
    assert lines[-1].startswith("[error] ")
    assert next(iter(fault)) in lines[-1]


def test_report_mode_writes_the_reports_of_a_run(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/search?q=1"])
    first = nodes.test(TEST_RUN_NAME="first", FASTFLOW_EMULATOR_REPORTS=str(nodes.directory / "a"))[1]
    nodes.test(TEST_RUN_NAME="last", FASTFLOW_EMULATOR_REPORTS=str(nodes.directory / "a"))
    run = re.findall(r"TestRun#(\S+) failed", first[-1])[0]
    for environment, name in (({}, "last"), ({"TEST_RUN_ID": run}, "first")):
        node = nodes.start("report", FASTFLOW_EMULATOR_REPORTS=str(nodes.directory / name), **environment)
        assert node.end() == 0
        (report,) = (nodes.directory / name).glob("*.json")
        told = json.loads(report.read_text())
        assert (told["name"], told["state"], [one["type"] for one in told["vulns"]]) == (name, "failed", ["xss"])
        assert len(list((nodes.directory / name).glob(f"{name}.*.txt"))) == 1


@pytest.mark.parametrize("environment", [{}, {"TEST_RUN_ID": "tr_999999"}, {"TEST_RUN_ID": "../x"}])
def test_a_report_of_no_run_is_an_error(nodes: Nodes, environment: dict[str, str]) -> None:
    node = nodes.start("report", **environment)
    assert node.end() == 1
    assert node.lines[-1].startswith("[error] ")


def test_reports_that_cannot_be_written_are_no_pass(nodes: Nodes, site: Site) -> None:
    nodes.api.record([f"{site.url}/safe"])
    place = nodes.directory / "file"
    place.write_text("")
    code, lines = nodes.test(FASTFLOW_EMULATOR_REPORTS=str(place))
    assert code == 1
    assert "The reports could not be written" in lines[-2]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nightly", "nightly"),
        ("TestRun Sep 24 12:31 UTC", "TestRun Sep 24 12:31 UTC"),
        ("../../etc/x", "_._.._etc_x"),
        ("a\0b\nc", "a_b_c"),
        ("..", "_."),
        ("\udc80", "_"),
        ("é" * 200, "é" * 90),
    ],
)
def test_names_of_reports_are_safe(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_a_node_imports_only_what_its_mode_needs() -> None:
    code = (
        "import sys; sys.argv[1:] = ['node']; from fastflow.emulator.node import start, recording; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE)
    loaded = set(done.stdout.split())
    assert not loaded & {"urllib.request", "http.client", "sqlite3", "html.parser", "fastflow.emulator.node.testing"}
    assert not {name for name in loaded if name.startswith("fastflow.")} - {
        name for name in loaded if name.startswith("fastflow.emulator")
    }


def test_the_package_runs_under_another_name_and_apart(tmp_path: Path) -> None:
    (tmp_path / "emulator").symlink_to(PACKAGE / "fastflow/emulator")
    done = subprocess.run(
        [sys.executable, "-m", "emulator", "node"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"CI_MODE": "testing", "WALLARM_API_HOST": f"127.0.0.1:{free_port()}", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (done.returncode, done.stdout) == (1, "[error] Can't create new instance - Request Timeout\n")
