"""The hint for an empty record: what lets requests go past the recording node, if the Compose files show it."""

from pathlib import Path

import pytest

from .stage import Stage, said

SPEC = """\
workflows:
  web:
    build_id: web1
    compose:
      services:
        app: { image: app, healthcheck: { test: [CMD, "true"] } }
        tests: { image: tests, environment: ENVIRONMENT }
    nodes:
      record: { mode: recording, allowed_hosts: [app], source: { service: tests } }
      test: { mode: testing, test_run_uri: "SCHEME://app:80" }
checks: { target-unknown: off, source-unproxied: off }
"""
EMPTY = said("fast-test", "ERROR [1]: TestRecord#rec_1 is empty", exit_code=1)


@pytest.mark.parametrize(
    ("scheme", "environment", "hint"),
    [
        ("http", "{}", "set http_proxy: http://fast:8080 in the service that sends the requests"),
        ("http", "{ http_proxy: 'http://fast:8080', NO_PROXY: 'app,x' }", "remove `app` from NO_PROXY"),
        ("http", "{ http_proxy: 'http://fast:8080', no_proxy: '*' }", "remove `*` from no_proxy"),
        ("https", "{ http_proxy: 'http://fast:8080' }", "set https_proxy: http://fast:8080 as well"),
        ("http", "{ http_proxy: 'http://fast:8080' }", "send the tests' requests through the node"),
    ],
)
def test_the_hint_names_what_applies(scheme: str, environment: str, hint: str, tmp_path: Path) -> None:
    text = SPEC.replace("SCHEME", scheme).replace("ENVIRONMENT", environment)
    phase = Stage(tmp_path, text, {"fast-test": EMPTY}).phase("web.test")
    assert phase.reason == "empty record: TestRecord#rec_1 is empty"
    assert (phase.hint or "").startswith(hint)
