"""`concurrency` in the spec, and `--wait-lease`, which wins: what a run is told to do about others."""

from pathlib import Path

import pytest

from fastflow.app.request import request_of
from fastflow.app.up import settings_of
from fastflow.pipeline import SpecText
from fastflow.plan.making import Selection
from fastflow.settings import RunSettings
from tests.unit.cli.conftest import SPEC


def settings(directory: Path, head: str, wait_lease: int | None = None) -> RunSettings:
    text = SpecText("fastflow.yml", directory, f"{head}\n{SPEC}".encode())
    request = request_of(text, (), Selection(), emulate=True)
    return settings_of(request, keep=False, fail_fast=False, wait_lease=wait_lease)


@pytest.mark.parametrize(
    ("head", "flag", "expected"),
    [
        ("", None, (None, False)),
        ("concurrency: {}", None, (None, False)),
        ("concurrency: { wait: 10m }", None, (600, False)),
        ("concurrency: { wait: 10m }", 5, (5, False)),
        ("", 5, (5, False)),
        ("concurrency: { cancel_in_progress: true }", None, (None, True)),
        ("concurrency: { wait: '${WAIT}', cancel_in_progress: '${CANCELS}' }", 5, (5, True)),
        ("concurrency: { wait: '${WAIT}', cancel_in_progress: '${CANCELS}' }", None, (90, True)),
    ],
)
def test_the_flag_wins_over_the_spec(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    head: str,
    flag: int | None,
    expected: tuple[int | None, bool],
) -> None:
    monkeypatch.setenv("WAIT", "90s")
    monkeypatch.setenv("CANCELS", "true")
    made = settings(tmp_path, head, flag)
    assert (made.wait_lease, made.cancel_in_progress) == expected


def test_a_message_names_what_the_time_comes_from(tmp_path: Path) -> None:
    head = "concurrency: { wait: 10m }"
    assert settings(tmp_path, head).wait_lease_by == "`concurrency: wait`"
    assert settings(tmp_path, head, 5).wait_lease_by == "--wait-lease"
