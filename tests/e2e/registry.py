"""A registry that wants a login, on a machine of a test's swarm: Docker's own, which `make registry` fetches."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.swarms import PATIENCE, Swarm

BINARY = Path(__file__).parents[2] / ".state/registry/usr/bin/docker-registry"
PORT = 5000
_USER, _PASSWORD = "ci", "of-the-tests"
_HASH = "$2b$04$cQAvcv/VDzvzv3be4FS6t.0ucpiIdt0l86h./eoaILaTzA5AW/1aa"
_SETTINGS = """\
version: 0.1
log: {{ accesslog: {{ disabled: true }}, level: error }}
storage: {{ filesystem: {{ rootdirectory: {directory}/images }} }}
http: {{ addr: "{address}" }}
auth: {{ htpasswd: {{ realm: tests, path: {directory}/htpasswd }} }}
"""


@contextmanager
def own_registry(swarm: Swarm) -> Iterator[str]:
    """Start a registry that all machines of a swarm reach; give its address. The swarm's client has logged in."""
    if not BINARY.exists():
        pytest.fail("the registry is missing; fetch it with `make registry`")
    directory, address = swarm.directory / "registry", f"{swarm.manager.address}:{PORT}"
    directory.mkdir()
    (directory / "htpasswd").write_text(f"{_USER}:{_HASH}\n")
    (directory / "settings.yml").write_text(_SETTINGS.format(directory=directory, address=address))
    inside = ["nsenter", f"--target={swarm.manager.first}", "--net"]
    process = subprocess.Popen([*inside, str(BINARY), "serve", str(directory / "settings.yml")])
    login = base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
    config = swarm.directory / "config" / "config.json"
    try:
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(
            [*inside, "bash", "-c", f"exec 3<>/dev/tcp/{address.replace(':', '/')}"], check=False
        ).returncode:
            assert time.monotonic() < deadline
            assert process.poll() is None, "the registry has ended"
            time.sleep(0.05)
        config.write_text(json.dumps({"auths": {address: {"auth": login}}}))
        yield address
    finally:
        config.unlink(missing_ok=True)
        process.kill()
        process.wait()
