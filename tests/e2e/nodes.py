"""Nodes that are no FAST nodes: they print the documented lines, so that a test decides what a node does."""

import json
from collections.abc import Mapping

from .conftest import IMAGE

TESTED = (
    "TEST_RECORD_ID is $${TEST_RECORD_ID:-not set}",
    "INFO [1]: Use TestRecord#$${TEST_RECORD_ID:-rec_$$BUILD_ID} for creating TestRun",
    "INFO [1]: TestRun#tr_$$(hostname) created",
    "INFO [1]: Running a test set for the baseline #bl_1",
)
PASSED = (*TESTED, "INFO [1]: TestRun#tr_$$(hostname) passed")
FOUND = (
    *TESTED,
    "INFO [1]: Found 2 vulnerabilities, marking the test set for baseline #bl_1 as failed",
    "ERROR [1]: TestRun#tr_$$(hostname) failed",
)
STARTS = "[info] TestRecord#rec_$$BUILD_ID TestRecord Oct 01 01:01 UTC starts to record"


def says(*lines: str) -> str:
    """A shell command that prints lines; `$$` is a dollar, as everywhere in a spec."""
    return "; ".join(f'echo "{line}"' for line in lines)


def node(mode: str, command: str, **fields: str) -> str:
    """A node as a line of YAML: the shell command is what its container runs."""
    more = "".join(f", {name}: {value}" for name, value in fields.items())
    container = f"{{ command: [sh, -c, {json.dumps(command)}], stop_grace_period: 2s }}"
    return f"{{ mode: {mode}, image: '{IMAGE}', container: {container}{more} }}"


def records(source: str = '{ run: "true" }', *, exit_code: int = 0, **fields: str) -> str:
    """A recorder that is ready at once and ends when it is stopped."""
    command = f"trap 'exit {exit_code}' TERM; {says(STARTS)}; sleep 600 & wait"
    return node("recording", command, source=source, **fields)


def attacks(lines: tuple[str, ...] = PASSED, exit_code: int = 0, **fields: str) -> str:
    """A tester that prints lines and ends."""
    return node("testing", f"{says(*lines)}; exit {exit_code}", **fields)


def spec_of(workflows: Mapping[str, Mapping[str, str]], build_id: str, head: str = "") -> str:
    """A spec of workflows without an application; each has a BUILD_ID of its own."""
    lines = [*head.splitlines(), "cloud: { query: false }", "workflows:"]
    for name, nodes in workflows.items():
        lines += [f"  {name}:", f"    build_id: {build_id}{name}", "    nodes:"]
        lines += [f"      {one}: {text}" for one, text in nodes.items()]
    return "\n".join([*lines, ""])
