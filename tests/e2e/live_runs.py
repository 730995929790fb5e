"""Runs that go on until a test ends them."""

import time

from tests.e2e.runs import RECORD, Fastflow, spec, workflow

# Records until it is stopped: whatever a test does meanwhile, the run is live.
WAITING = {"record": RECORD.replace("source: { service: tests }", "")}


def waiting(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id, WAITING)}))


def live_run(fastflow: Fastflow) -> str:
    """The id of the run that has begun in this directory."""
    ready = fastflow("wait", "web.record", "--for", "ready", "--timeout", "60", "--run", newest(fastflow))
    assert ready.code == 0, ready.err
    return newest(fastflow)


def newest(fastflow: Fastflow) -> str:
    """The id of the newest run of this directory, once there is one."""
    deadline = time.monotonic() + 60
    while not (found := sorted(fastflow.directory.glob(".fastflow/runs/*"))):
        assert time.monotonic() < deadline, "no run has begun"
    return found[-1].name
