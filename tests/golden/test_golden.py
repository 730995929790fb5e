"""Specs with the plan and the Compose projects that they become, as text: `UPDATE_GOLDEN=1` writes them anew."""

import json
import os
from pathlib import Path

import pytest

from fastflow.application.resolved import resolve
from fastflow.compose import ComposeFile, ComposeProject, Known, compile_project
from fastflow.diagnostic import Severity
from fastflow.model.phases import template_of
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.report.plan import plan_as_json, plan_as_text
from fastflow.settings import Emulation, RunSettings
from fastflow.spec.template import variables
from tests.fakes.project import FakeProject

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
SPECS = {"reference": EXAMPLES / "fastflow.yml"} | {path.parent.name: path for path in sorted(HERE.glob("*/spec.yml"))}
VALUES = {"CI": "42", "TAG": "7", "PORT": "8003", "A": "s3cr3t", "B": "t0k3n", "FAST_TOKEN": "s3cr3t"}
VALUES["WALLARM_API_TOKEN"] = "s3cr3t"
EMULATION = Emulation("fastflow-node:1", "cloud:8080", "fastflow-emulator")


def planned(name: str, values: dict[str, str] | None, selection: Selection | None = None) -> Plan:
    path = SPECS[name]
    checked = check([SpecText("spec.yml", path.parent, path.read_bytes())], values)
    assert not [found for found in checked.diagnostics if found.severity is Severity.ERROR]
    (facts,) = checked.specs
    return plan(facts, path.parent, selection or Selection())


def project_of(name: str, workflow: str) -> ComposeProject:
    made = planned(name, VALUES)
    settings = RunSettings("run1", "spec.yml", emulation=EMULATION if name == "emulate" else None)
    asked = compile_project(made, made.workflows[workflow], settings)
    told = json.loads(FakeProject(asked, VALUES).as_json())
    return compile_project(made, made.workflows[workflow], settings, known=Known(resolved=resolve(told, asked.name)))


def text_of(project: ComposeProject, directory: Path) -> str:
    """All that Compose is called with, the spec's directory as `SPEC`."""
    lines = [f"# project {project.name} in {project.directory}"]
    lines += [f"# environment from {path}" for path in project.env_files]
    lines += [f"# environment with {name}={value}" for name, value in project.environment.items()]
    for source in project.sources:
        lines.append(f"# file {source.path}\n" if isinstance(source, ComposeFile) else f"---\n{source.text}")
    return "\n".join(lines).replace(str(directory.resolve()), "SPEC")


def outputs(name: str) -> dict[str, str]:
    made = planned(name, None)
    texts = {"plan.txt": plan_as_text(made) + "\n", "plan.json": plan_as_json(made) + "\n"}
    for workflow in made.workflows:
        texts[f"compose-{workflow}.yml"] = text_of(project_of(name, workflow), made.directory)
    return texts


@pytest.mark.parametrize("name", SPECS)
def test_the_plan_and_the_projects_are_as_agreed(name: str) -> None:
    texts = outputs(name)
    for file, text in texts.items():
        path = HERE / name / file
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs; UPDATE_GOLDEN=1 writes it anew"
    kept = {path.name for pattern in ("plan.*", "compose-*.yml") for path in (HERE / name).glob(pattern)}
    assert kept == set(texts)


@pytest.mark.parametrize("name", SPECS)
def test_the_same_spec_gives_the_same_text(name: str) -> None:
    assert outputs(name) == outputs(name)


@pytest.mark.parametrize("name", SPECS)
def test_no_token_is_in_a_plan_or_in_a_project(name: str) -> None:
    made = planned(name, VALUES)
    shown = (
        repr(made) + plan_as_text(made) + plan_as_json(made) + repr([project_of(name, one) for one in made.workflows])
    )
    path = SPECS[name]
    facts = check([SpecText("spec.yml", path.parent, path.read_bytes())], VALUES).specs
    assert not [secret for secret in ("s3cr3t", "t0k3n") if secret in shown + repr(facts)]


def test_the_machine_format_has_the_fields_of_the_contract() -> None:
    told = json.loads(plan_as_json(planned("files", None)))
    assert {"format_version", "name", "phases", "critical_path"} <= told.keys()
    for phase in told["phases"]:
        assert {"id", "workflow", "node", "mode", "build_id", "host", "wave", "depends_on"} <= phase.keys()
        for edge in phase["depends_on"]:
            assert edge.keys() == {"id", "reason", "condition"}
            assert edge["reason"] in ("build_id", "test_record", "report", "depends_on")


def test_what_is_not_selected_stays_in_the_plan_and_is_marked() -> None:
    made = planned("files", None, Selection(("web",), "testing"))
    assert [phase.id for phase in made.selected] == ["web.test"]
    assert set(made.phases) == {"web.record", "web.test", "web.report", "api.record", "api.test"}
    marked = [line for line in plan_as_text(made).splitlines() if "not selected: counts as passed" in line]
    assert len(marked) == 4
    selected = {phase["id"]: phase["selected"] for phase in json.loads(plan_as_json(made))["phases"]}
    assert [name for name, is_selected in selected.items() if is_selected] == ["web.test"]


def test_a_plan_without_values_keeps_its_variables() -> None:
    assert list(variables(template_of(planned("files", None).phases["web.test"].build_id or "")))
    assert planned("files", VALUES).phases["web.test"].build_id == "web42"
