"""Where published ports of an engine behind ssh are reached."""

from pathlib import Path

import pytest

from fastflow.engines.ssh import host_of
from fastflow.run.engine import EngineInfo

CLIENT = """#!/bin/sh
echo "user ci"
case "$*" in
  "-G -l ci -p 2222 -- Build-1") echo "hostname 10.0.0.7" ;;
  "-G -- build-1") echo "hostname build-1.example" ;;
  "-G -- fe80::1") echo "hostname fe80::1" ;;
  "-G -- silent") ;;
  *) exit 255 ;;
esac
"""


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("ssh://ci@Build-1:2222", "10.0.0.7"),
        ("ssh://build-1", "build-1.example"),
        ("ssh://build-1/var/run/docker.sock", "build-1.example"),
        ("ssh://[fe80::1]", "fe80::1"),
        ("ssh://silent", "silent"),
        ("ssh://refused", "refused"),
        ("tcp://build-1:2376", "build-1"),
        ("unix:///run/docker.sock", None),
    ],
)
def test_a_host_is_where_ssh_goes(address: str, host: str | None, tmp_path: Path) -> None:
    client = tmp_path / "ssh"
    client.write_text(CLIENT)
    client.chmod(0o755)
    assert host_of(address, {"PATH": f"{tmp_path}:/usr/bin:/bin"}) == host
    assert EngineInfo("28.5", "2.40", address, is_local=False, remote=host).host == (host or "127.0.0.1")


def test_without_ssh_a_host_is_what_the_address_says(tmp_path: Path) -> None:
    assert host_of("ssh://build-1", {"PATH": str(tmp_path)}) == "build-1"
