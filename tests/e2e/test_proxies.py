"""`proxies` in Docker's client configuration: nothing of it reaches a container of a run."""

import json
import shutil
from pathlib import Path

import pytest

from fastflow.engines.client_config import home_of

from .conftest import engine_environment
from .runs import Fastflow, spec, workflow

pytestmark = pytest.mark.e2e
APPLICATION = """
services:
  app:
    image: fastflow-python:3
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
  tests:
    image: fastflow-python:3
    profiles: [tests]
    environment: { http_proxy: "http://fast:8080" }
    command:
      - python3
      - -c
      - |
        import os, urllib.request
        print(sorted(name for name, value in os.environ.items() if "proxy" in name.lower() and value))
        print(urllib.request.urlopen("http://app/?page=1").status)
"""


def test_proxies_of_docker_do_not_empty_a_record(fastflow: Fastflow, build_id: str, tmp_path: Path) -> None:
    config = tmp_path / "docker"
    config.mkdir()
    plugins = home_of(engine_environment()) / "cli-plugins"
    if plugins.is_dir():
        shutil.copytree(plugins, config / "cli-plugins", symlinks=True)
    proxies = {"httpProxy": "http://proxy.invalid:3128", "noProxy": "localhost,app"}
    (config / "config.json").write_text(json.dumps({"proxies": {"default": proxies}}))
    fastflow.extra["DOCKER_CONFIG"] = str(config)
    fastflow.write(spec({"web": workflow(build_id, application=APPLICATION)}))
    kept_out = "kept out of containers: HTTP_PROXY, http_proxy, NO_PROXY, no_proxy (`proxies` in Docker's config.json)"
    assert kept_out in fastflow("plan").out
    ended = fastflow("up", "--emulate")
    log = next(ended.folder.rglob("web.record.source*")).read_text()
    assert "['http_proxy']" in log
    assert ended.states == {"web.record": "passed", "web.test": "passed"}, ended.reasons
