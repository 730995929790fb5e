"""An application that speaks nothing but TLS, with a certificate that nobody trusts: recorded, attacked, told."""

import pytest

from .asking import ASK
from .runs import Fastflow, spec, workflow
from .tls_app import APPLICATION, SERVER

pytestmark = pytest.mark.e2e

RECORD = f"""
mode: recording
allowed_hosts: [app]
services: {{ app: {{ log: listening }} }}
source: {{ run: "{ASK} 'https://app/?q=tea' >page" }}
"""
TEST = """
mode: testing
services: { app: { log: listening } }
test_run_uri: https://app
"""


def test_what_is_encrypted_is_recorded_and_attacked(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(SERVER, "server.py")
    fastflow.write(spec({"web": workflow(build_id, {"record": RECORD, "test": TEST}, application=APPLICATION)}))
    ended = fastflow("up", "--emulate")
    assert ended.code == 1, ended.err
    assert (fastflow.directory / "page").read_text() == "<p>tea"
    (record, test) = ended.result["phases"]
    assert (record["state"], test["state"]) == ("passed", "vulnerable")
    assert [(found["type"], found["parameter"], found["uri"]) for found in test["vulnerabilities"]] == [
        ("xss", "q", "https://app/")
    ]
