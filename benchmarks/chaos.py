"""Hits runs of a spec of four workflows at random moments, and looks after each at what they left and what they say.

Run: `python benchmarks/chaos.py --rounds 300`. It starts an engine of its own and hurts only that one (root, Linux).
A round is made by its seed alone: `--seed N --rounds 1` does round N once more. Ends with 1 where anything was wrong.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastflow.engines.docker import DockerEngine
from tests.e2e.asking import ASK
from tests.e2e.own_engine import OwnEngine, own_engine
from tests.e2e.runs import docker

BINARY = Path(sys.executable).parent / "fastflow"
MARK = "FASTFLOW_CHAOS_ROUND"
RUN = "io.fastflow.run"
PORT = 18080
END_STATES = {"passed", "vulnerable", "failed", "skipped", "cancelled"}
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
IN_TIME = 7.0
"""Seconds from the first signal to the end of the process: CI systems kill after that."""
AT_ONCE = 3.0
"""Seconds from a second signal to the end."""
TIMEOUT = 180.0
"""Seconds after which a run hangs."""
SPEC = """
workflows:
  shop:
    build_id: chaos1
    compose:
      services:
        app:
          image: fastflow-python:3
          command: [python3, -m, http.server, "80", --directory, /usr/share]
          stop_signal: SIGKILL
          volumes: ["cache:/cache"]
        tests:
          build: tests
          profiles: [tests]
          command: [wget, -q, -O, /dev/null, "http://app/?page=1"]
          environment: { http_proxy: "http://fast:8080" }
      volumes: { cache: {} }
    nodes:
      record:
        mode: recording
        allowed_hosts: [app]
        services: { app: { log: Serving HTTP, timeout: 60s } }
        source: { service: tests }
      test: { mode: testing, services: { app: { log: Serving HTTP } }, test_run_uri: "http://app:80" }
"""
SMALL = """
  {name}:
    build_id: chaos{name}
    nodes:
      record:
        mode: recording
        container_name: chaos-{name}
        {ports}
        source: {{ run: "{command}" }}
      test: {{ mode: testing, container_name: chaos-{name}, test_run_uri: "http://fastflow-emulator" }}
"""
COMMAND = f"for n in 1 2 3; do {ASK} http://fastflow-emulator/?q=$n || exit 1; sleep 0.2; done"


@dataclass
class Round:
    """One run and what hits it. All that is random comes from `seed`."""

    engine: OwnEngine
    client: DockerEngine
    seed: int
    directory: Path
    process: "subprocess.Popen[bytes]"
    began: float
    since: str
    hit_at: float | None = None
    second_at: float | None = None
    killed: list[str] = field(default_factory=list)
    ended: float = 0.0

    def wait(self, seconds: float) -> bool:
        """Let the run go on for so long; whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send the run a signal."""
        self.hit_at = time.monotonic()
        self.process.send_signal(number)

    @property
    def code(self) -> int:
        """The exit code, as a shell tells it."""
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    @property
    def folder(self) -> Path | None:
        """The run's folder; None where it was hit before it had one."""
        return next(iter(self.directory.glob(".fastflow/runs/*")), None)

    @property
    def result(self) -> dict[str, Any] | None:
        """What `result.json` says, if it is there."""
        path = self.folder / "result.json" if self.folder else None
        return json.loads(path.read_text()) if path and path.exists() else None


# What hits a run. Each gets the round and its choice, and returns what it did.
@contextmanager
def signalled(hit: Round, choice: random.Random) -> Iterator[str]:
    """The first signal, and now and then a second one."""
    name = choice.choice(list(SIGNALS))
    number = signal.Signals[name]
    hit.send(number)
    if choice.random() < 0.25 and not hit.wait(choice.uniform(0, 2)):
        hit.process.send_signal(number)
        hit.second_at = time.monotonic()
        name += " twice"
    yield name


@contextmanager
def killed(hit: Round, _: random.Random) -> Iterator[str]:
    """Nothing of fastflow is left to tidy up."""
    hit.send(signal.SIGKILL)
    yield "SIGKILL"


@contextmanager
def container_killed(hit: Round, choice: random.Random) -> Iterator[str]:
    """A node, or something else that the run started, is killed."""
    while not (found := _running(hit)) and not hit.wait(0.1):
        pass
    if not found:
        yield "nothing"
        return
    victim = choice.choice(found)
    with suppress(subprocess.CalledProcessError):
        hit.engine.docker("kill", victim[0])
        hit.killed.append(victim[0])
    yield f"killed {victim[1]}"


@contextmanager
def disconnected(hit: Round, choice: random.Random) -> Iterator[str]:
    """A container loses its network."""
    while not (found := _running(hit)) and not hit.wait(0.1):
        pass
    said = "nothing"
    if found:
        victim = choice.choice(found)
        with suppress(subprocess.CalledProcessError):
            names = hit.engine.docker(
                "inspect", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}", victim[0]
            )
            network = choice.choice(names.split())
            hit.engine.docker("network", "disconnect", "--force", network, victim[0])
            said = f"disconnected {victim[1]} from {network}"
    yield said


@contextmanager
def port_stolen(hit: Round, _: random.Random) -> Iterator[str]:
    """Another process takes the port that a recorder is to publish."""
    code = f"import socket; s = socket.create_server(('0.0.0.0', {PORT})); print('taken', flush=True); input()"
    words = [*hit.engine.prefix, sys.executable, "-c", code]
    thief = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert thief.stdout is not None
    said = thief.stdout.readline()
    yield "port stolen" if said else "port in use"
    thief.communicate(b"\n")


@contextmanager
def pruned(hit: Round, choice: random.Random) -> Iterator[str]:
    """Somebody cleans up, several times."""
    times = choice.randint(1, 5)
    for _ in range(times):
        hit.engine.docker("container", "prune", "--force")
        if hit.wait(choice.uniform(0, 0.5)):
            break
    yield f"pruned up to {times} times"


@contextmanager
def paused(hit: Round, choice: random.Random) -> Iterator[str]:
    """The engine hangs for some seconds."""
    seconds = choice.uniform(0.2, 5)
    with hit.engine.paused():
        hit.wait(seconds)
    yield f"engine paused for {seconds:.1f} s"


@contextmanager
def filled(hit: Round, choice: random.Random) -> Iterator[str]:
    """The engine's disk is full: for a while, or until the run has ended."""
    seconds = choice.choice([choice.uniform(0.1, 3), TIMEOUT])
    with hit.engine.full():
        hit.wait(seconds)
    yield "disk filled" + ("" if seconds == TIMEOUT else f" for {seconds:.1f} s")


HITS: Mapping[str, tuple[int, Callable[[Round, random.Random], Any]]] = {
    "signal": (6, signalled),
    "SIGKILL": (6, killed),
    "container killed": (4, container_killed),
    "network disconnected": (2, disconnected),
    "port stolen": (2, port_stolen),
    "container prune": (2, pruned),
    "engine paused": (3, paused),
    "disk filled": (3, filled),
}
"""Each with how often it is chosen."""


def _running(hit: Round) -> list[tuple[str, str]]:
    """The containers of the run that run, without its leases: ids and names."""
    with suppress(subprocess.CalledProcessError):
        told = hit.engine.docker("ps", "--no-trunc", "--filter", f"label={RUN}", "--format", "{{.ID}} {{.Names}}")
        return [(line.split()[0], line.split()[1]) for line in told.splitlines() if "fastflow-lease" not in line]
    return []


def write_spec(directory: Path) -> None:
    """Write the spec and what it builds."""
    ports = f'ports: ["{PORT}:8080"]'
    small = [
        SMALL.format(name=name, command=COMMAND, ports=ports if name == "two" else "")
        for name in ("two", "three", "four")
    ]
    (directory / "fastflow.yml").write_text(SPEC + "".join(small))
    (directory / "tests").mkdir()
    (directory / "tests/Dockerfile").write_text("FROM fastflow-python:3\nRUN echo tests > /tests\n")


def snapshot(client: DockerEngine) -> dict[str, object]:
    """All that the engine has, whoever made it."""
    everything: dict[str, str | None] = {}
    return {
        "containers": sorted(
            (found.name, found.id, found.status, found.started_at) for found in client.api.containers(everything)
        ),
        "networks": sorted(client.api.networks(everything)),
        "volumes": sorted(client.api.volumes(everything)),
        "images": sorted(docker(client, ["images", "--format", "{{.Repository}}:{{.Tag}}"]).split()),
    }


def faults_of(hit: Round, before: dict[str, object], elsewhere: Path) -> list[str]:
    """What is wrong after a round. It leaves the engine as it was, whatever the run did."""
    faults = list(_left_faults(hit, elsewhere))
    after = snapshot(hit.client)
    faults += [f"{kind} were {before[kind]}, are {after[kind]}" for kind in before if before[kind] != after[kind]]
    if hit.process.returncode != -signal.SIGKILL:
        faults += [f"left a temporary file {path}" for path in (hit.directory / "tmp").iterdir()]
    faults += [f"left a process: {words}" for words in _processes(hit.seed)]
    output = (hit.directory / "output").read_text()
    faults += ["printed a traceback"] if "Traceback" in output or "bug of fastflow" in output else []
    return faults + list(_untruths(hit))


def _time_faults(hit: Round) -> Iterator[str]:
    if hit.process.returncode == -signal.SIGKILL or hit.hit_at is None:
        return
    took = hit.ended - hit.hit_at
    if took > IN_TIME:
        yield f"took {took:.1f} s after the signal"
    if hit.second_at is not None and hit.ended - hit.second_at > AT_ONCE:
        yield f"took {hit.ended - hit.second_at:.1f} s after the second signal"


def _left_faults(hit: Round, elsewhere: Path) -> Iterator[str]:
    """What `up` left, where it could remove it; then what one `down` from another directory left."""
    left = left_of(hit.client)
    if left and not _is_forgiven(hit):
        yield f"up left {left}"
    words = [*hit.engine.prefix, str(BINARY), "down"]
    down = subprocess.run(words, cwd=elsewhere, env=hit.engine.environment, capture_output=True, text=True, check=False)
    if down.returncode or (left := left_of(hit.client)):
        yield f"down ended with {down.returncode} and left {left}: {down.stdout}{down.stderr}"
    for name in ("rm -f -v", "network rm", "volume rm", "image rm"):
        for entry in left_of(hit.client, name.split()[0] if name != "rm -f -v" else "container"):
            with suppress(subprocess.CalledProcessError):
                hit.engine.docker(*name.split(), entry.split()[1])


def left_of(client: DockerEngine, kind: str = "") -> list[str]:
    """What the engine has of runs, each with its kind."""
    labels = {RUN: None}
    left = [f"container {found.id[:12]} {found.name} {found.status}" for found in client.api.containers(labels)]
    left += [f"network {found[:12]}" for found in client.api.networks(labels)]
    left += [f"volume {found}" for found in client.api.volumes(labels)]
    left += [f"image {found}" for found in client.api.images(labels)]
    return [entry for entry in left if entry.startswith(kind)]


def _is_forgiven(hit: Round) -> bool:
    """Whether something may be left for `down`: fastflow was killed, told to end at once, or said what is left."""
    if hit.process.returncode == -signal.SIGKILL or hit.second_at is not None:
        return True
    return "could not be removed" in (hit.directory / "output").read_text()


def _processes(seed: int) -> list[str]:
    """The processes that a run started and that still run; they have a moment to end."""
    deadline = time.monotonic() + 3
    while (found := list(_marked(seed))) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _marked(seed: int) -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{MARK}={seed}\0".encode() in (path / "environ").read_bytes() and words:
                yield words


def _untruths(hit: Round) -> Iterator[str]:
    """Where the exit code, `result.json` and `events.jsonl` disagree with each other or with what happened."""
    if hit.process.returncode == -signal.SIGKILL or hit.folder is None:
        return
    result = hit.result
    if result is None:
        yield f"no result.json, exit {hit.code}"
        return
    if result["exit_code"] != hit.code:
        yield f"exit code {hit.code}, result.json says {result['exit_code']}"
    states = {phase["id"]: phase["state"] for phase in result["phases"]}
    expected = _expected(hit, set(states.values()))
    if hit.code not in expected:
        yield f"exit code {hit.code} instead of {expected} for {states}"
    yield from (f"{name} is {state}" for name, state in states.items() if state not in END_STATES)
    if (in_events := _states_in_events(hit.folder)) != states and hit.second_at is None:
        yield f"events.jsonl says {in_events}, result.json {states}"
    for phase in result["phases"]:
        yield from _untruths_of_phase(hit, phase)


def _expected(hit: Round, states: set[str]) -> set[int]:
    """The exit codes that are right for such states."""
    by_states = 1 if "vulnerable" in states else 3 if "failed" in states else 0
    if "could not be removed" in (hit.directory / "output").read_text() and by_states == 0:
        by_states = 3
    if hit.hit_at is None:
        return {3} if states == {"cancelled"} else {by_states}
    return set(SIGNALS.values()) if "cancelled" in states else {*SIGNALS.values(), by_states}


def _states_in_events(folder: Path) -> dict[str, str]:
    lines = (folder / "events.jsonl").read_text().split("\n")[:-1]
    events = [json.loads(line) for line in lines]
    states = {name: "waiting" for event in events if event["type"] == "run" for name in event.get("phases", ())}
    states.update({event["phase"]: event["state"] for event in events if event["type"] == "phase"})
    return states


def _untruths_of_phase(hit: Round, phase: dict[str, Any]) -> Iterator[str]:
    if phase["state"] != "passed":
        if not phase["reason"]:
            yield f"{phase['id']} is {phase['state']} without a reason"
        return
    log = Path(phase["log"]).read_text() if phase["log"] else ""
    if phase["mode"] == "testing" and not (phase["test_run"] and f"{phase['test_run']} passed" in log):
        yield f"{phase['id']} passed without a passed test run"
    if phase["mode"] == "recording" and (not phase["test_record"] or phase["exit_code"] != 0):
        yield f"{phase['id']} passed with record {phase['test_record']} and exit code {phase['exit_code']}"
    for container in hit.killed:
        if _node_of(hit, container) == phase["id"]:
            yield f"{phase['id']} passed, though its node was killed"


def _node_of(hit: Round, container: str) -> str | None:
    """The phase whose node a container was, where it ended otherwise than with 0."""
    words = ["events", "--since", hit.since, "--until", f"{time.time():.3f}", "--filter", f"container={container}"]
    for line in hit.engine.docker(*words, "--filter", "event=die", "--format", "{{json .}}").splitlines():
        about = json.loads(line)["Actor"]["Attributes"]
        if about.get("exitCode") != "0" and about.get("io.fastflow.role") == "node":
            return f"{about['io.fastflow.workflow']}.{about['io.fastflow.node']}"
    return None


@contextmanager
def started(engine: OwnEngine, client: DockerEngine, seed: int) -> Iterator[Round]:
    """A run of the spec in a scratch directory."""
    with tempfile.TemporaryDirectory(prefix="fastflow-chaos-") as scratch:
        directory = Path(scratch)
        write_spec(directory)
        (directory / "tmp").mkdir()
        own = {MARK: str(seed), "TMPDIR": f"{scratch}/tmp", "WALLARM_API_TOKEN": "tok-c4a05-0f1e2d3c", "NO_COLOR": "1"}
        with (directory / "output").open("wb") as output:
            process = subprocess.Popen(
                [*engine.prefix, str(BINARY), "up", "--emulate", "--progress", "plain"],
                cwd=directory,
                env={**engine.environment, **own},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        yield Round(engine, client, seed, directory, process, time.monotonic(), f"{time.time():.3f}")


@dataclass
class Tally:
    """What came of the rounds of one kind of hit."""

    rounds: int = 0
    violations: int = 0
    codes: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    longest: float = 0.0

    def add(self, hit: Round, faults: list[str]) -> None:
        """Count a round."""
        self.rounds += 1
        self.violations += bool(faults)
        self.codes[hit.code] += 1
        if hit.hit_at is not None and hit.second_at is None:
            self.longest = max(self.longest, hit.ended - hit.hit_at)


def play(
    engine: OwnEngine, client: DockerEngine, seed: int, typical: float, only: list[str], untimed: bool
) -> tuple[str, Round, list[str]]:
    """Play one round; return the kind of hit, and what was wrong."""
    choice = random.Random(seed)
    kinds = only or list(HITS)
    kind = choice.choices(kinds, [HITS[name][0] for name in kinds])[0]
    moment = choice.uniform(0, 1.05) * typical
    before = snapshot(client)
    with started(engine, client, seed) as hit, tempfile.TemporaryDirectory() as elsewhere:
        hit.wait(moment)
        with HITS[kind][1](hit, choice) as said:
            is_over = hit.wait(TIMEOUT)
            hit.ended = time.monotonic()
        if not is_over:
            hit.process.kill()
            hit.process.wait()
        faults = [] if is_over else ["the run hangs"]
        faults += [] if untimed else _time_faults(hit)
        faults += faults_of(hit, before, Path(elsewhere))
        print(f"{seed}: {said} at {moment:.1f} s of {hit.ended - hit.began:.1f} s, exit {hit.code}", flush=True)
        for fault in faults:
            print(f"  VIOLATION {fault}", flush=True)
        if faults:
            print(textwrap.indent((hit.directory / "output").read_text(), "  | "), flush=True)
    return kind, hit, faults


def typical_time(engine: OwnEngine, client: DockerEngine) -> float:
    """The seconds that a run takes which nothing hits."""
    with started(engine, client, -1) as hit:
        if not hit.wait(TIMEOUT) or hit.code:
            sys.exit(f"the run fails unhit:\n{(hit.directory / 'output').read_text()}")
        return time.monotonic() - hit.began


def prepare(engine: OwnEngine) -> None:
    """Make what nobody may touch, and the emulated cloud."""
    engine.run(str(BINARY), "emulator", "up")
    engine.docker("network", "create", "bystander")
    engine.docker("volume", "create", "bystander")
    words = ["--network", "bystander", "--volume", "bystander:/data", "--volume", "/anonymous", "--name", "bystander"]
    engine.docker("run", "--detach", *words, "fastflow-python:3", "sleep", "1000000")


def report(tallies: Mapping[str, Tally]) -> None:
    """Print a table in Markdown."""
    print("| hit | rounds | violations | exit codes | longest end after a signal, s |\n|---|---|---|---|---|")
    for kind, tally in sorted(tallies.items()):
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(tally.codes.items()))
        longest = f"{tally.longest:.1f}" if kind == "signal" else ""
        print(f"| {kind} | {tally.rounds} | {tally.violations} | {codes} | {longest} |")
    print(f"| all | {sum(t.rounds for t in tallies.values())} | {sum(t.violations for t in tallies.values())} | | |")


def main() -> int:
    """Play what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each next one has the next")
    parser.add_argument("--hit", choices=list(HITS), action="append", default=[], help="only these")
    parser.add_argument("--untimed", action="store_true", help="judge what is left and told, not how long it took")
    parser.add_argument("--typical", type=float, help="seconds that an unhit run takes; measured where not given")
    chosen = parser.parse_args()
    for name in SIGNALS:  # under `nohup` or in the background of a shell, some are ignored, and so would runs do
        signal.signal(signal.Signals[name], signal.SIG_DFL)
    tallies: dict[str, Tally] = defaultdict(Tally)
    with own_engine() as engine:
        client = engine.client()
        prepare(engine)
        typical = chosen.typical or typical_time(engine, client)
        print(f"an unhit run takes {typical:.1f} s; load {os.getloadavg()[0]:.1f}", flush=True)
        for seed in range(chosen.seed, chosen.seed + chosen.rounds):
            kind, hit, faults = play(engine, client, seed, typical, chosen.hit, chosen.untimed)
            tallies[kind].add(hit, faults)
    report(tallies)
    return 1 if any(tally.violations for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
