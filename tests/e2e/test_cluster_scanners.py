"""A recorder and a scanner besides FAST on a swarm whose manager is reached by ssh."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster_runs import Examples
from .runs import spec, workflow
from .small_scanner import HAR, SCAN, SCANNER, SESSION, WITH_SESSION
from .swarms import Swarm

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cluster")]
REPORTS = {"junit": "out.xml", "sarif": "out.sarif", "html": "out.html", "markdown": "out.md"}
FOUND = {"type": "hole", "threat": 75, "parameter": "page", "uri": "http://app/", "method": "GET", "scanner": "probe"}


@pytest.fixture
def scan(tmp_path: Path, swarm_with_agent: Swarm) -> Iterator[Examples]:
    """A workflow without an account, for the node that has mitmproxy."""
    node = swarm_with_agent.machines[1]
    swarm_with_agent.load(["mitmproxy/mitmproxy"], to=[node])
    examples = Examples(tmp_path, swarm_with_agent)
    del examples.environment["WALLARM_API_TOKEN"]
    where = f"context: swarm-ssh, swarm: true, constraints: [node.hostname == {node.name}]"
    text = spec(
        {"web": workflow("har1", {"record": HAR, "scan": SCAN}, application=WITH_SESSION)},
        f"hosts: {{ farm: {{ {where} }} }}",
    )
    (examples.directory / "scan/scanner").mkdir(parents=True)
    for name, content in (("fastflow.yml", text), ("scanner/scan.py", SCANNER), ("session", SESSION)):
        (examples.directory / "scan" / name).write_text(content)
    yield examples
    assert examples.left() == {}


def test_a_record_comes_back_from_its_node_and_is_attacked_again_on_another_day(scan: Examples) -> None:
    up = ("up", "scan", "--run-id-file", "id", *(f"--report={kind}={path}" for kind, path in REPORTS.items()))
    done = scan.call(*up)
    assert done.returncode == 1, done.stderr + done.stdout
    record, attack = scan.result("scan", scan.run)["phases"]
    assert (record["state"], record["baselines"], record["test_record"]) == ("passed", 1, "records/web.record.har")
    (found,) = attack["vulnerabilities"]
    assert FOUND.items() <= found.items()
    assert "hole (threat 75, probe) in parameter page of GET http://app/" in done.stdout

    folder, secret = scan.directory / "scan/.fastflow/runs" / scan.run, SESSION.split()[1]
    kept = folder / "records/web.record.har"
    assert (secret in kept.read_text(), kept.stat().st_mode & 0o077) == (True, 0)
    shown = [path for path in folder.rglob("*") if path.is_file() and path != kept]
    reports = [scan.directory / name for name in REPORTS.values()]
    assert [path.name for path in reports if "hole" not in path.read_text()] == []
    assert [path.name for path in (*shown, *reports) if secret in path.read_text()] == []
    assert secret not in done.stdout + done.stderr

    (scan.directory / "scan/scanner/mended").touch()
    again = scan.call(*up, "--resume", scan.run, "--only", "testing")
    assert again.returncode == 0, again.stderr + again.stdout
    assert [phase["state"] for phase in scan.result("scan", scan.run)["phases"]] == ["passed", "passed"]
