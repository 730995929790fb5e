"""Several Docker engines on this machine as one swarm, each a machine of its own: network, mounts, processes, name.

`/run`, `/tmp` and `/var/lib/docker` are each node's own, so that what a task mounts by path is its node's, as on real
hosts. A node that is killed loses all its processes at once; one that is cut off loses its network. Needs root on
Linux, as the machine's own engine did.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0  # seconds
NETWORK = "10.79.0"
_MEMORY = 3_000
"""Megabytes that an engine's data may take: in memory, managers write it at once, and removing it takes no time."""
# The first process of a node: it starts the engine again whenever that ends, unless the file `held` is there.
_NODE = """
hostname "node$2"
mkdir -p /var/lib/docker "$1/run/lock"
mount -t tmpfs -o "size=$4m" tmpfs /var/lib/docker && mount --bind "$1/run" /run && mount --bind "$1/tmp" /tmp
while [ ! -e "/run/addressed" ]; do sleep 0.02; done
while :; do
  while [ -e /run/held ]; do sleep 0.05; done
  rm -f /run/docker.pid
  dockerd -H unix:///run/docker.sock --default-address-pool "base=10.$((210 + $2)).0.0/16,size=26" \
    --insecure-registry "$3" --shutdown-timeout 2 >>/run/log 2>&1 </dev/null
done
"""

# In the place of ssh: what Docker's command line would start on the manager, it starts here.
_SSH = """#!/bin/sh
[ "$1" != -G ] || {{ echo hostname manager.test; exit; }}
while [ "$1" != docker ]; do shift; done
DOCKER_HOST={docker_host} exec "$@"
"""


@dataclass
class Machine:
    """One engine; `number` counts from 1, the first is the swarm's manager."""

    number: int
    directory: Path
    process: "subprocess.Popen[bytes]"

    @property
    def name(self) -> str:
        """Its host name."""
        return f"node{self.number}"

    @property
    def address(self) -> str:
        """Its address on the network of the swarm."""
        return f"{NETWORK}.{self.number}"

    @property
    def docker_host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.directory}/run/docker.sock"

    @property
    def first(self) -> int:
        """The first process of its namespaces, as this machine numbers it."""
        return _first_child(self.process.pid)

    @property
    def data(self) -> Path:
        """Where its engine keeps everything, as this machine sees it."""
        return Path(f"/proc/{self.first}/root/var/lib/docker")

    @contextmanager
    def down(self) -> Iterator[None]:
        """Kill its engine, and let it not come back before the block ends; its containers end."""
        held = self.directory / "run/held"
        held.touch()
        engine = subprocess.run(["pgrep", "-x", "-P", str(self.first), "dockerd"], capture_output=True, check=True)
        os.kill(int(engine.stdout), signal.SIGKILL)
        try:
            yield
        finally:
            held.unlink()
            self.wait()

    def docker(self, *words: str, given: bytes | None = None) -> str:
        """Call Docker on it; return what it printed."""
        done = subprocess.run(["docker", "-H", self.docker_host, *words], input=given, capture_output=True, check=False)
        assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr.decode()}"
        return done.stdout.decode().strip()

    def wait(self) -> None:
        """Wait until its engine answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(AssertionError):
                self.docker("version", "--format", "{{.Server.Version}}")
                return
            assert time.monotonic() < deadline, (self.directory / "run/log").read_text()[-2000:]
            time.sleep(0.05)


@dataclass
class Swarm:
    """A swarm that runs."""

    directory: Path
    switch: "subprocess.Popen[bytes]"
    machines: list[Machine] = field(default_factory=list)

    @property
    def manager(self) -> Machine:
        """The first machine."""
        return self.machines[0]

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which Docker's contexts `swarm` and `swarm-ssh` lead to the manager."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "DOCKER_"))}
        path = f"{self.directory / 'bin'}:{os.environ['PATH']}"
        return {**kept, "DOCKER_CONFIG": str(self.directory / "config"), "PATH": path}

    def cut_off(self, machine: Machine) -> None:
        """Take a machine off the network."""
        self._ip("link", "set", f"p{machine.number}", "down")

    def heal(self, machine: Machine) -> None:
        """Put it back."""
        self._ip("link", "set", f"p{machine.number}", "up")

    def kill(self, machine: Machine) -> None:
        """Let a machine die: all its processes at once."""
        machine.process.kill()
        machine.process.wait()

    def load(self, images: Sequence[str], source: str | None = None, to: Sequence[Machine] | None = None) -> None:
        """Bring images from an engine (by default this machine's) to machines that lack them, by default to all."""
        host = ["-H", source] if source else []
        for machine in self.machines if to is None else to:
            if source == machine.docker_host:
                continue
            with subprocess.Popen(["docker", *host, "save", *images], stdout=subprocess.PIPE) as saved:
                load = ["docker", "-H", machine.docker_host, "load", "--quiet"]
                subprocess.run(load, stdin=saved.stdout, check=True, stdout=subprocess.DEVNULL)
            assert saved.returncode == 0

    def _ip(self, *words: str) -> None:
        subprocess.run(["nsenter", f"--target={_first_child(self.switch.pid)}", "--net", "ip", *words], check=True)

    def add(self) -> Machine:
        """Start another machine, which is no part of the swarm yet."""
        number = len(self.machines) + 1
        directory = self.directory / str(number)
        for name in ("run", "tmp"):
            (directory / name).mkdir(parents=True)
        (directory / "tmp").chmod(0o1777)
        machine = Machine(
            number,
            directory,
            _spaces("sh", "-c", _NODE, "sh", str(directory), str(number), f"{NETWORK}.0/24", str(_MEMORY)),
        )
        self.machines.append(machine)
        inside = str(machine.first)
        self._ip("link", "add", f"p{number}", "type", "veth", "peer", "name", "eth0", "netns", inside)
        self._ip("link", "set", f"p{number}", "master", "br0", "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{machine.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            subprocess.run(["nsenter", f"--target={inside}", "--net", "ip", *words], check=True)
        (directory / "run/addressed").touch()
        return machine

    @contextmanager
    def three_managers(self) -> Iterator[None]:
        """Make the second machine a manager and let a third one join as one, so that one of them may be lost."""
        third = self.add()
        third.wait()
        token = self.manager.docker("swarm", "join-token", "-q", "manager")
        join = ("swarm", "join", "--advertise-addr", third.address, "--availability", "drain", "--token", token)
        third.docker(*join, f"{self.manager.address}:2377")
        self.manager.docker("node", "promote", self.machines[1].name)
        deadline = time.monotonic() + PATIENCE
        while self.machines[1].docker("info", "--format", "{{.Swarm.ControlAvailable}}") != "true":
            assert time.monotonic() < deadline, "the second machine does not become a manager"
            time.sleep(0.05)
        try:
            yield
        finally:
            for machine in (third, self.machines[1]):  # one by one, each once the others have a quorum without it
                self._demote(machine)
            self.kill(third)
            self.machines.remove(third)
            self.manager.docker("node", "rm", "--force", third.name)
            self._settle()

    def _settle(self) -> None:
        """Wait until the manager knows all machines as ready: after a change of leaders it takes none for that."""
        deadline = time.monotonic() + PATIENCE
        while self.manager.docker("node", "ls", "--format", "{{.Status}}").split() != ["Ready"] * len(self.machines):
            assert time.monotonic() < deadline, self.manager.docker("node", "ls")
            time.sleep(0.05)

    def _demote(self, machine: Machine) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.manager.docker("node", "demote", machine.name)
            except AssertionError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            else:
                return

    def leader(self, among: Sequence[Machine]) -> str:
        """The manager that leads, as the first of these machines that knows it says; empty while there is none."""
        for machine in among:
            with suppress(AssertionError):
                told = machine.docker("node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}")
                return next((line.split()[0] for line in told.splitlines() if line.endswith("Leader")), "")
        return ""

    def join(self) -> None:
        """Make the machines one swarm."""
        init = ("swarm", "init", "--advertise-addr", self.manager.address, "--dispatcher-heartbeat", "5s")
        self.manager.docker(*init, "--default-addr-pool", "10.241.0.0/16")
        token = self.manager.docker("swarm", "join-token", "-q", "worker")
        for machine in self.machines[1:]:
            join = ("swarm", "join", "--advertise-addr", machine.address, "--token", token)
            machine.docker(*join, f"{self.manager.address}:2377")
        config, plugins = self.directory / "config", Path.home() / ".docker" / "cli-plugins"
        config.mkdir()
        if plugins.is_dir():
            (config / "cli-plugins").symlink_to(plugins)
        ssh = self.directory / "bin" / "ssh"
        ssh.parent.mkdir()
        ssh.write_text(_SSH.format(docker_host=self.manager.docker_host))
        ssh.chmod(0o755)
        for name, host in (("swarm", self.manager.docker_host), ("swarm-ssh", "ssh://ci@manager.test")):
            create = ["docker", "context", "create", name, "--docker", f"host={host}"]
            subprocess.run(create, env=self.environment, check=True, capture_output=True)


@contextmanager
def own_swarm(size: int = 2, images: Sequence[str] = ()) -> Iterator[Swarm]:
    """Start a swarm of so many machines that have `images`; it is gone after the block."""
    directory = Path(tempfile.mkdtemp(prefix="fastflow-swarm-", dir=os.environ.get("FASTFLOW_TEST_DISK", "/var/tmp")))
    bridge = "ip link set lo up && ip link add br0 type bridge && ip link set br0 up && touch $1 && sleep infinity"
    swarm = Swarm(directory, _spaces("sh", "-c", bridge, "sh", str(directory / "switched")))
    try:
        deadline = time.monotonic() + PATIENCE
        while not (directory / "switched").exists():
            assert time.monotonic() < deadline, "the switch does not start"
            time.sleep(0.02)
        for _ in range(size):
            swarm.add()
        for machine in swarm.machines:
            machine.wait()
        swarm.join()
        if images:
            swarm.load(images)
        yield swarm
    finally:
        for process in (*(machine.process for machine in swarm.machines), swarm.switch):
            process.kill()  # `unshare --kill-child` kills the first process with it, and that all others
            process.wait()
        _remove(directory)


def _remove(directory: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while directory.exists() and time.monotonic() < deadline:
        shutil.rmtree(directory, ignore_errors=True)


def _spaces(*words: str) -> "subprocess.Popen[bytes]":
    spaces = ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return subprocess.Popen([*spaces, "--propagation", "private", *words], start_new_session=True)


def _first_child(pid: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while not (found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        assert time.monotonic() < deadline, "unshare has started nothing"
        time.sleep(0.01)
    return int(found[0])
