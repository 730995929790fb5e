"""`concurrency` on the real engine: runs that wait as the spec says, and runs that take the place of others."""

import subprocess
from contextlib import ExitStack

import pytest

from fastflow.engines.docker import DockerEngine

from .nodes import attacks, records, spec_of
from .runs import Fastflow, left_of

pytestmark = pytest.mark.e2e

CANCELS = "concurrency: { cancel_in_progress: true }"
BLOCKS = '{ run: "while ! test -e go; do sleep 0.2; done" }'


def spec(build_id: str, head: str) -> str:
    """A workflow that goes on until there is a file `go`."""
    return spec_of({"web": {"record": records(BLOCKS), "test": attacks()}}, build_id, head)


def until_it_says(process: "subprocess.Popen[str]", text: str) -> str:
    """Wait until a run prints a line with a text; return the line."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in " ".join(line.split()):
            return line
    raise AssertionError(f"it does not say: {text}")


def in_checkout(fastflow: Fastflow, name: str, text: str) -> Fastflow:
    """The spec in a directory of its own, as another pipeline has it."""
    other = Fastflow(fastflow.directory / name, dict(fastflow.extra))
    other.directory.mkdir()
    other.write(text)
    return other


def test_the_newest_of_several_runs_takes_the_place_of_the_others(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    first, second, third = (in_checkout(fastflow, name, spec(build_id, CANCELS)) for name in ("one", "two", "three"))
    with ExitStack() as stack:
        oldest = stack.enter_context(first.running("up", "--progress", "plain"))
        until_it_says(oldest, "web.record running")
        newer = stack.enter_context(second.running("up", "--progress", "plain"))
        said = until_it_says(newer, "cancelling run ")
        assert f"of {first.directory.resolve()}/fastflow.yml, to take its place (cancel_in_progress)" in said
        assert first.finish(oldest).code == 130
        until_it_says(newer, "web.record running")
        third.write("", "go")
        last = third("up")
        assert last.code == 0, last.err
        ended = second.finish(newer)
    assert ended.code == 130
    assert ended.reasons["web.record"] == "cancelled by a newer run (cancel_in_progress), while running"
    assert set(last.states.values()) == {"passed"}
    for one in (first, second, third):
        (folder,) = (one.directory / ".fastflow" / "runs").iterdir()
        assert left_of(docker_engine, folder.name) == []


def test_a_run_that_does_not_agree_is_waited_for_or_ends_the_other_with_4(fastflow: Fastflow, build_id: str) -> None:
    holder = in_checkout(fastflow, "holder", spec(build_id, ""))
    other = in_checkout(fastflow, "other", spec(build_id, CANCELS))
    other.write("", "go")
    with holder.running("up", "--progress", "plain") as holding:
        until_it_says(holding, "web.record running")
        refused = other("up")
        assert refused.code == 4, refused.err
        assert "it is not cancelled, because it is of another spec without `cancel_in_progress`" in refused.err
        other.write(spec(build_id, "concurrency: { wait: 2m, cancel_in_progress: true }"))
        with other.running("up", "--progress", "plain") as waiting:
            until_it_says(waiting, "waiting at place 1 in line")
            holder.write("", "go")
            assert holder.finish(holding).code == 0
            assert other.finish(waiting).code == 0
