"""Workflows in which an early failure and a late success race."""

from tests.e2e.conftest import IMAGE
from tests.e2e.nodes import PASSED, TESTED, node, says, spec_of

LASTS = f"{says(*TESTED)}; sleep 3; {says(PASSED[-1])}"


def races(count: int, build_id: str) -> str:
    """A spec of so many workflows; in each a service fails early, one succeeds late, and the node says passed."""
    workflows, services = {}, []
    for number in range(count):
        workflows[f"w{number}"] = {
            "test": node("testing", LASTS, test_record_id="rec_1").replace("{TEST_RECORD_ID", "{X")
        }
        early = f"[sh, -c, 'sleep {number % 10 / 5}; exit 1']"
        late = "[sh, -c, 'sleep 1; exit 0']"
        services.append(
            f"{{ early: {{ image: {IMAGE}, command: {early} }}, late: {{ image: {IMAGE}, command: {late} }} }}"
        )
    parts = spec_of(workflows, build_id).split("    nodes:")
    return parts[0] + "".join(
        f"    compose: {{ services: {found} }}\n    nodes:{rest}"
        for found, rest in zip(services, parts[1:], strict=True)
    )
