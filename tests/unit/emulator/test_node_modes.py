"""What all modes have in common, and report mode."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow.emulator.node.reports import file_name
from tests.unit.emulator.applications import Site, Told, serve
from tests.unit.emulator.conftest import PACKAGE, Nodes, free_port
from tests.unit.emulator.shop import shop


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(shop) as served:
        yield served


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
