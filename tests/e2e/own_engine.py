"""A Docker engine of a test's own, to be hurt: paused, killed, restarted, its disk filled. Never the machine's.

It lives in namespaces of its own (processes, mounts, network), with its data on a tmpfs of a few hundred megabytes:
when its first process ends, all of it is gone. Needs root on Linux, as the machine's own engine did.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastflow.emulation.image import image_name
from fastflow.engines.docker import DockerEngine

IMAGES = ("fastflow-python:3", image_name())
PATIENCE = 30.0  # seconds
# The first process of the namespaces: it starts the engine again whenever it ends, unless the file `held` is there.
_INIT = """
"$3" -c "$4"
mount -t tmpfs -o "size=$2m" tmpfs "$1/data"
while [ -d "$1" ]; do
  while [ -e "$1/held" ]; do sleep 0.05; done
  rm -f "$1/pid"
  dockerd --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" -H "unix://$1/docker.sock" \
    --default-address-pool base=10.230.0.0/16,size=26 --shutdown-timeout 2 >>"$1/log" 2>&1 </dev/null
done
"""
# Brings the loopback interface up (SIOCSIFFLAGS, IFF_UP): a bare Debian has no `ip`.
_LOOPBACK = """
import fcntl, socket, struct
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 1))
"""


@dataclass(frozen=True)
class OwnEngine:
    """An engine that runs; `directory` holds its socket and its log, `first` is the first process of its namespaces."""

    directory: Path
    first: int

    @property
    def address(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.directory}/docker.sock"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What runs a command where the engine's published ports are reached."""
        return ("nsenter", f"--target={self.first}", "--net")

    @property
    def environment(self) -> dict[str, str]:
        """An environment that leads to it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "DOCKER_"))}
        return {**kept, "DOCKER_HOST": self.address}

    def client(self, **options: Any) -> DockerEngine:
        """A client of it."""
        return DockerEngine(self.environment, **options)

    def docker(self, *words: str) -> str:
        """Call Docker; return what it printed."""
        done = subprocess.run(["docker", *words], env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def run(self, *words: str) -> None:
        """Run a command that reaches the engine and its published ports."""
        subprocess.run([*self.prefix, *words], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    @property
    def daemon(self) -> int:
        """The engine's process, as this machine numbers it."""
        return next(pid for pid in _children(self.first) if _name(pid) == "dockerd")

    def signal(self, number: signal.Signals) -> None:
        """Send the engine's process a signal."""
        os.kill(self.daemon, number)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it hang: its process is stopped, its socket still takes connections."""
        daemon = self.daemon
        os.kill(daemon, signal.SIGSTOP)
        deadline = time.monotonic() + PATIENCE
        while not _is_stopped(daemon):
            assert time.monotonic() < deadline, "the engine does not stop"
            time.sleep(0.01)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(daemon, signal.SIGCONT)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Kill it, and let it not come back before the block ends; its containers end with its return."""
        held = self.directory / "held"
        held.touch()
        daemon = self.daemon
        os.kill(daemon, signal.SIGKILL)
        try:
            yield
        finally:
            held.unlink()
            self.wait(unlike=daemon)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill its disk to the last byte."""
        filler = Path(f"/proc/{self.first}/root{self.directory}/data/filler")
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        try:
            yield
        finally:
            filler.unlink()

    def wait(self, unlike: int | None = None) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while not self._answers(unlike):
            if time.monotonic() > deadline:
                raise AssertionError(f"the engine does not start:\n{(self.directory / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _answers(self, unlike: int | None) -> bool:
        with suppress(StopIteration, subprocess.CalledProcessError):
            return self.daemon != unlike and bool(self.docker("version", "--format", "{{.Server.Version}}"))
        return False


@contextmanager
def own_engine(megabytes: int = 300) -> Iterator[OwnEngine]:
    """Start an engine with the emulator's images and a disk of so many megabytes; it is gone after the block."""
    directory = Path(tempfile.mkdtemp(prefix="fastflow-engine-"))
    for name in ("data", "exec"):
        (directory / name).mkdir()
    spaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    process = subprocess.Popen(
        [*spaces, "sh", "-c", _INIT, "sh", str(directory), str(megabytes), sys.executable, _LOOPBACK],
        start_new_session=True,
    )
    try:
        engine = OwnEngine(directory, _first_child(process.pid))
        engine.wait()
        load = ["docker", "load", "--quiet"]
        with subprocess.Popen(["docker", "save", *IMAGES], stdout=subprocess.PIPE) as saved:
            subprocess.run(load, stdin=saved.stdout, env=engine.environment, stdout=subprocess.DEVNULL, check=True)
        assert saved.returncode == 0
        yield engine
    finally:
        process.kill()  # `unshare --kill-child` kills the first process with it, and that all others
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _first_child(pid: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while not (found := _children(pid)):
        assert time.monotonic() < deadline, "unshare has started nothing"
        time.sleep(0.01)
    return found[0]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_stopped(pid: int) -> bool:
    """Whether all threads of a process have stopped, which a signal does not wait for."""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
