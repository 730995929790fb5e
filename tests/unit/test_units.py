"""Units: which workflows of a cluster belong together."""

from pathlib import Path

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.plan.units import units_of
from fastflow.report.plan import plan_as_json, plan_as_text

HEAD = """hosts:
  farm: { context: f, swarm: true, reserve: { cpus: 0.5, memory: 2G } }
  box: { context: b }
workflows:
"""
RECORD = "record: { mode: recording, source: { service: tests } }"


def made(*workflows: tuple[str, str, str], selection: Selection | None = None) -> Plan:
    """A plan of workflows by name, host, and the nodes besides the recording."""
    text = HEAD + "".join(
        f"  {name}:\n    build_id: {name}1\n    host: {host}\n"
        "    compose: { services: { app: { image: a:1 }, tests: { image: t:1 } } }\n"
        f"    nodes:\n      {RECORD}\n{f'      {more}' if more else ''}\n"
        for name, host, more in workflows
    )
    checked = check([SpecText("fastflow.yml", Path(), text.encode())], None).require_valid()
    return plan(checked.specs[0], Path(), selection or Selection())


def test_workflows_that_wait_for_one_another_are_one_unit() -> None:
    a = ("a", "farm", "")
    b = (
        "b",
        "farm",
        "next: { mode: recording, build_id: b2, depends_on: [a.record, record], source: { service: tests } }",
    )
    c = ("c", "farm", "test: { mode: testing, test_record: b.record, test_run_uri: http://app }")
    assert [unit.workflows for unit in units_of(made(a, b, c, ("d", "farm", "")))] == [("a", "b", "c"), ("d",)]


def test_what_is_on_single_engines_or_not_selected_is_no_unit() -> None:
    workflows = (("a", "farm", ""), ("b", "box", ""), ("c", "farm", ""))
    assert [unit.workflows for unit in units_of(made(*workflows, selection=Selection(("b", "c"))))] == [("c",)]


def test_the_plan_shows_units_and_what_they_reserve() -> None:
    planned = made(("a", "farm", ""), ("b", "box", ""))
    text = plan_as_text(planned)
    assert "unit 1 on a node of farm: a\n  reserves 0.5 CPU, 2048 MiB, agent fastflow-agent:" in text
    assert (
        '"units": [\n    {\n      "host": "farm",\n      "workflows": [\n        "a"\n      ],\n      "cpus": 0.5'
        in (plan_as_json(planned))
    )
    assert "units" not in plan_as_json(made(("b", "box", "")))
