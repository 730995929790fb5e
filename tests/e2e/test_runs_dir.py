"""Runs that are kept elsewhere than next to their spec: of a read-only checkout, and of two under one path."""

from pathlib import Path

import pytest

from .live_runs import waiting
from .runs import Ended, Fastflow, spec, workflow

pytestmark = pytest.mark.e2e


def read_only(fastflow: Fastflow, *arguments: str) -> Ended:
    """Call it where the directory is mounted read-only: root may write whatever the modes are."""
    here = fastflow.directory
    mounted = f'mount --bind "{here}" "{here}" && mount -o remount,ro,bind "{here}" && cd "{here}" && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-ec", mounted, "sh")
    return fastflow.finish(fastflow.start(*arguments, prefix=prefix))


def test_read_only_checkout_without_a_place_for_runs_says_what_to_do(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(spec({"web": workflow(build_id)}))
    ended = read_only(fastflow, "up", "--emulate")
    assert ended.code == 3
    assert "read-only file system" in ended.err
    assert "help: choose a directory that this user can write to: --runs-dir DIR" in ended.err


def test_runs_of_a_read_only_checkout_are_kept_elsewhere(
    fastflow: Fastflow, build_id: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fastflow.write(spec({"web": workflow(build_id)}))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    place = elsewhere / "place of runs"
    ended = read_only(fastflow, "up", "--emulate", "--runs-dir", str(place))
    assert ended.code == 0, ended.err
    (folder,) = [path for path in place.iterdir() if path.is_dir()]
    assert (folder / "result.json").is_file()
    assert f"run folder: {folder}" in ended.out
    assert not (fastflow.directory / ".fastflow").exists()

    fastflow.extra["FASTFLOW_RUNS_DIR"] = str(place)
    assert folder.name in read_only(fastflow, "runs").out
    assert "starts to record" in read_only(fastflow, "logs", "web.record").out
    report = elsewhere / "report.json"
    assert read_only(fastflow, "report", "--report", f"json={report}").code == 0
    assert report.read_text() == (folder / "result.json").read_text()
    assert "everything passed in run" in read_only(fastflow, "up", "--emulate", "--resume", folder.name).out
    assert read_only(fastflow, "runs", "prune", "--keep", "0").code == 0
    assert not folder.exists()


def mounted_as(path: Path, checkout: Path) -> tuple[str, ...]:
    """What calls a command with a checkout under a path, as jobs in containers have theirs."""
    words = f'mount --bind "{checkout}" "{path}" && cd "{path}" && exec "$@"'
    return ("unshare", "--mount", "sh", "-ec", words, "sh")


def test_checkouts_under_one_path_that_share_a_place_leave_each_others_live_runs_alone(
    fastflow: Fastflow, build_id: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    waiting(fastflow, build_id)
    own = mounted_as(elsewhere, fastflow.directory)
    fastflow.extra["FASTFLOW_RUNS_DIR"] = str(elsewhere.with_name(f"{elsewhere.name}-runs"))
    other = Fastflow(tmp_path_factory.mktemp("other"), fastflow.extra)
    waiting(other, build_id)
    others = mounted_as(elsewhere, other.directory)

    def call(prefix: tuple[str, ...], *words: str) -> Ended:
        return fastflow.finish(fastflow.start(*words, prefix=prefix))

    with fastflow.running("up", "--emulate", prefix=own) as up:
        assert call(own, "wait", "web.record", "--for", "ready", "--timeout", "300").code == 0
        assert "(the spec here)" in call(own, "ps").out
        assert "(the spec here)" not in call(others, "ps").out
        for words in (("stop", "web.record"), ("wait", "web.record", "--for", "ready", "--timeout", "0")):
            refused = call(others, *words)
            assert refused.code == 3
            assert f"no run of {elsewhere}/fastflow.yml is live" in refused.err
        assert call(own, "stop", "web.record").code == 0
        assert fastflow.finish(up).code == 0
