"""Plans as JSON, made for pictures of them."""

from typing import Any

from hypothesis import strategies as st

from fastflow.record.plan_file import PlanFile, plan_file_from

MODES = ("recording", "testing", "report")


def told(
    name: str,
    wave: int,
    before: tuple[tuple[str, str], ...] = (),
    *,
    mode: str = "testing",
    build_id: str | None = None,
    selected: bool = True,
) -> dict[str, Any]:
    """A phase as `plan --format json` tells it; `before` are ids with their reasons."""
    workflow, _, node = name.partition(".")
    return {
        "id": name,
        "workflow": workflow,
        "node": node,
        "mode": mode,
        "build_id": build_id,
        "host": "default",
        "wave": wave,
        "selected": selected,
        "depends_on": [{"id": one, "reason": reason, "condition": "completed"} for one, reason in before],
    }


def plan_json(*phases: dict[str, Any], critical: tuple[str, ...] = (), name: str = "shop") -> dict[str, Any]:
    return {"format_version": "1.0", "name": name, "phases": list(phases), "critical_path": list(critical)}


def plan_file(*phases: dict[str, Any], critical: tuple[str, ...] = (), name: str = "shop") -> PlanFile:
    return plan_file_from(plan_json(*phases, critical=critical, name=name))


@st.composite
def plans(draw: st.DrawFn, most: int = 14) -> PlanFile:
    """Plans of any shape: each phase waits for some of the earlier ones, and its wave follows from that."""
    count = draw(st.integers(1, most))
    waves: list[int] = []
    phases: list[dict[str, Any]] = []
    for at in range(count):
        before = sorted(draw(st.sets(st.integers(0, at - 1), max_size=3))) if at else []
        waves.append(max((waves[one] + 1 for one in before), default=0))
        workflow = draw(st.sampled_from("abc"))
        edges = tuple((phases[one]["id"], draw(st.sampled_from(["depends_on", "build_id"]))) for one in before)
        phases.append(told(f"{workflow}.n{at}", waves[-1], edges, mode=draw(st.sampled_from(MODES))))
    return plan_file(*phases)
