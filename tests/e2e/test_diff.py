"""`fastflow diff` of runs on the real engine: what they found, and what of their images and files differs."""

import json
from pathlib import Path

import pytest

from .nodes import FOUND, attacks, records, spec_of
from .runs import Fastflow

pytestmark = pytest.mark.e2e

FOUND_ONE = tuple(line.replace("Found 2 vulnerabilities", "Found 1 vulnerability") for line in FOUND)


COMPOSE = """
services:
  app:
    build:
      context: .
      dockerfile_inline: |
        FROM fastflow-python:3
        ENV A=1
    command: [sleep, infinity]
    stop_signal: SIGKILL
"""


def spec(build_id: str, found: tuple[str, ...]) -> str:
    """A workflow whose application is built, and a test that finds something."""
    text = spec_of({"web": {"record": records(), "test": attacks(found, 1)}}, build_id)
    return text.replace("    nodes:", "    compose: compose.yml\n    nodes:", 1)


def test_two_runs_differ_in_what_changed_between_them(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(COMPOSE, "compose.yml")
    fastflow.write(spec(build_id, FOUND))
    first = fastflow("up")
    assert first.code == 1, first.err
    again = fastflow("up")
    old, same = (path.name for path in again.runs)
    unchanged = json.loads(fastflow("diff", old, "--format", "json").out)
    assert unchanged["causes"] == []
    assert {name: len(found) for name, found in unchanged["vulnerabilities"].items()} == {
        "new": 0, "gone": 0, "changed": 0, "not_tested": 0, "same": 2,
    }  # fmt: skip

    compose = fastflow.directory / "compose.yml"
    compose.write_text(compose.read_text().replace("A=1", "A=2"))
    fastflow.write(spec(build_id, FOUND_ONE))
    third = fastflow("up")
    assert third.code == 1, third.err
    told = json.loads(fastflow("diff", old, "--format", "json").out)
    assert [(cause["kind"], cause["what"], cause["how"]) for cause in told["causes"]] == [
        ("spec", "workflows.web.nodes.test.container.command", "changed"),
        ("compose", "compose.yml", "changed"),
        ("image", "web.app", "changed"),
    ]
    assert [len(told["vulnerabilities"][name]) for name in ("new", "gone", "same")] == [0, 1, 1]
    shown = fastflow("diff", str(Path(".fastflow/runs") / same), third.folder.name, "--format", "markdown")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("### fastflow: 0 new, 1 gone, 0 changed, 1 the same\n")
