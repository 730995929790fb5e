"""A recorder and a scanner besides FAST on the real engine: mitmproxy records, a small scanner attacks."""

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fastflow.emulator.node.certificates import own_authority

from .asking import ASK
from .live_runs import newest
from .runs import Fastflow, spec, workflow
from .small_scanner import HAR, SCAN, SCANNER, SESSION, WITH_SESSION
from .tls_app import APPLICATION as WITH_TLS
from .tls_app import SERVER

pytestmark = pytest.mark.e2e


def written(fastflow: Fastflow, build_id: str, record: str = HAR) -> None:
    """A spec with both, and the scanner beside it."""
    fastflow.write(SCANNER, "scanner/scan.py")
    fastflow.write(SESSION, "session")
    nodes = {"record": record, "scan": SCAN}
    fastflow.write(spec({"web": workflow(build_id, nodes, application=WITH_SESSION)}))
    fastflow.extra["WALLARM_API_TOKEN"] = ""


def test_one_recording_is_attacked_by_a_scanner_without_account_or_session_in_sight(
    fastflow: Fastflow, build_id: str
) -> None:
    written(fastflow, build_id)
    ended = fastflow("up", "--report", "html=out.html", "--report", "junit=out.xml", "--report", "sarif=out.sarif")
    assert ended.code == 1, ended.err
    record, scan = ended.result["phases"]
    assert (record["state"], record["baselines"], record["test_record"]) == ("passed", 1, "records/web.record.har")
    (found,) = scan["vulnerabilities"]
    told = {name: found[name] for name in ("type", "threat", "parameter", "uri", "method", "scanner")}
    assert told == {
        "type": "hole",
        "threat": 75,
        "parameter": "page",
        "uri": "http://app/",
        "method": "GET",
        "scanner": "probe",
    }
    assert "hole (threat 75, probe) in parameter page of GET http://app/" in ended.out
    kept = ended.folder / "records" / "web.record.har"
    assert kept.stat().st_mode & 0o077 == 0
    (request,) = (entry["request"] for entry in json.loads(kept.read_text())["log"]["entries"])
    assert {"name": "Authorization", "value": SESSION} in request["headers"]
    shown = [path for path in ended.folder.rglob("*") if path.is_file() and path != kept]
    reports = [fastflow.directory / name for name in ("out.html", "out.xml", "out.sarif")]
    secret = SESSION.split()[1]
    assert [path.name for path in (*shown, *reports) if secret in path.read_text(errors="replace")] == []
    assert secret not in ended.out + ended.err
    assert "***" in (ended.folder / "logs" / "web.scan.log").read_text()


def test_what_was_mended_is_attacked_again_with_the_record_that_is_there(fastflow: Fastflow, build_id: str) -> None:
    written(fastflow, build_id)
    ended = fastflow("up")
    assert ended.code == 1, ended.err
    first = ended.folder
    refused = fastflow("up", "--only", "testing")
    assert refused.code == 2
    assert (
        "web.scan needs the record of web.record, which is left out: it is a file of the run that records"
        in refused.err
    )
    fastflow.write("", "scanner/mended")
    second = fastflow("up", "--resume", first.name, "-w", "web", "--only", "testing")
    assert (second.code, second.states) == (0, {"web.record": "passed", "web.scan": "passed"}), second.err
    assert second.folder != first
    kept = [folder / "records" / "web.record.har" for folder in (first, second.folder)]
    assert kept[0].read_bytes() == kept[1].read_bytes()
    assert kept[1].stat().st_mode & 0o077 == 0
    assert not (second.folder / "logs" / "web.record.source-1.log").exists()


def test_tests_that_go_past_the_node_are_an_empty_record(fastflow: Fastflow, build_id: str) -> None:
    written(fastflow, build_id)
    text = (fastflow.directory / "fastflow.yml").read_text().replace('http_proxy: "http://fast:8080"', "")
    fastflow.write(text)
    ended = fastflow("up")
    assert (ended.code, ended.states) == (3, {"web.record": "failed", "web.scan": "skipped"}), ended.err
    assert (ended.reasons["web.record"] or "").startswith("empty record: ")


def test_a_recorder_without_a_source_is_fed_and_stopped_from_outside(fastflow: Fastflow, build_id: str) -> None:
    written(fastflow, build_id, HAR.replace("source: { service: tests }", ""))
    with fastflow.running("up") as process:
        run = newest(fastflow)
        ready = fastflow("wait", "web.record", "--for", "ready", "--timeout", "60", "--run", run)
        assert ready.code == 0, ready.err
        proxied = {"http_proxy": ready.out.strip(), "no_proxy": ""}
        subprocess.run([*ASK.split(), "http://app/?page=2"], env=proxied, check=True, capture_output=True)
        assert fastflow("stop", f"{run}/web.record").code == 0
        ended = fastflow.finish(process)
    assert ended.states["web.record"] == "passed"
    assert ended.result["phases"][0]["baselines"] == 1


VERIFIES = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile="ca/ca.pem")
opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
sys.stdout.buffer.write(opener.open(sys.argv[1]).read())
"""


def test_https_is_recorded_under_an_authority_that_the_tests_trust(fastflow: Fastflow, build_id: str) -> None:
    authority = own_authority(generate_private_key(65537, 2048))
    fastflow.write(authority.certificate.public_bytes(Encoding.PEM).decode(), "ca/ca.pem")
    secret = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fastflow.write(secret.decode(), "ca/ca.key")
    fastflow.write(SERVER, "server.py")
    fastflow.write(VERIFIES, "asks.py")
    record = f"""
    mode: recording
    recorder: har
    allowed_hosts: [app]
    ca_cert: /opt/ca/ca.pem
    ca_key: /opt/ca/ca.key
    container: {{ volumes: ["./ca:/opt/ca:ro"] }}
    services: {{ app: {{ log: listening }} }}
    source: {{ run: "{sys.executable} asks.py 'https://app/?q=tea' >page" }}
    """
    fastflow.write(spec({"web": workflow(build_id, {"record": record}, application=WITH_TLS)}))
    ended = fastflow("up")
    assert ended.code == 0, ended.err
    assert (fastflow.directory / "page").read_text() == "<p>tea"
    (entry,) = json.loads((ended.folder / "records" / "web.record.har").read_text())["log"]["entries"]
    assert (entry["request"]["url"], entry["response"]["status"]) == ("https://app/?q=tea", 200)
