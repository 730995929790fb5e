"""What CI systems take from this repository: the GitHub Action, run as GitHub would, and the component of GitLab."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastflow import __version__

from .packaging_tools import tool
from .runs import BINARY, Fastflow, spec, workflow

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("package")]
ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, CHECK, RUN = ACTION["runs"]["steps"]
COMPONENT = (ROOT / "templates" / "fastflow.yml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Step:
    """What a step came to."""

    code: int
    printed: str
    outputs: dict[str, str]
    summary: str


@dataclass(frozen=True)
class Runner:
    """A job's machine: the checkout, and a directory of the runner."""

    fastflow: Fastflow
    temporary: Path

    def install(self) -> None:
        """Put this fastflow where the first step would install it."""
        place = self.temporary / "fastflow" / "bin" / "fastflow"
        place.parent.mkdir(parents=True)
        place.symlink_to(BINARY)

    def run(self, step: dict[str, Any], **inputs: str) -> Step:
        """Run a step of the action, with its defaults for inputs that are not given."""
        values = {name: one["default"] for name, one in ACTION["inputs"].items()} | inputs
        output, summary = self.temporary / "output", self.temporary / "summary"
        for file in (output, summary):
            file.write_text("")
        environment = self.fastflow.environment | {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temporary),
        }
        for name, value in step["env"].items():
            environment[name] = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], value)
        assert "${{" not in step["run"]  # an input would be a part of the script, whatever it holds
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.fastflow.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return Step(ended.returncode, ended.stdout + ended.stderr, outputs, summary.read_text())


@pytest.fixture
def runner(fastflow: Fastflow, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(fastflow, tmp_path_factory.mktemp("runner"))


# GitHub
def test_the_action_keeps_to_its_schema() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")


def test_the_action_installs_itself_unless_a_version_is_wanted(runner: Runner) -> None:
    pip = runner.temporary / "pip"
    python = runner.temporary / "tools" / "python3"  # writes down what the environment that it makes would install
    python.parent.mkdir()
    python.write_text(
        '#!/bin/sh\n[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\n'
        f'printf \'#!/bin/sh\\necho "$*" >{pip}\\n\' >"$3/bin/pip"; chmod +x "$3/bin/pip"\n'
    )
    python.chmod(0o755)
    runner.fastflow.extra["PATH"] = f"{python.parent}:{os.environ['PATH']}"
    assert runner.run(INSTALL).code == 0
    assert pip.read_text().split()[-1] == str(ROOT)
    assert runner.run(INSTALL, version="0.1.0").code == 0
    assert pip.read_text().split()[-1] == "fastflow-ci==0.1.0"


def test_the_action_annotates_what_is_wrong_with_a_spec(runner: Runner) -> None:
    runner.install()
    runner.fastflow.write("workflows: {}\n", "specs/a b.yml")
    checked = runner.run(CHECK, spec="specs/a b.yml")
    assert checked.code == 2
    assert "::error file=specs/a b.yml,line=1," in checked.printed


def test_the_action_runs_a_spec_and_says_where_its_results_are(runner: Runner, build_id: str) -> None:
    runner.install()
    runner.fastflow.write(spec({"web": workflow(build_id)}), "sub/fastflow.yml")
    ran = runner.run(RUN, spec="sub/fastflow.yml", args="--emulate --progress 'plain'", reports="sarif\nmarkdown junit")
    assert ran.code == 0, ran.printed
    assert ran.outputs["exit-code"] == "0"
    folder = Path(ran.outputs["folder"])
    assert (folder.name, folder.parents[2]) == (ran.outputs["run"], runner.fastflow.directory / "sub")
    assert (folder / "result.json").is_file()
    reports = {path.name for path in Path(ran.outputs["reports"]).iterdir()}
    assert reports == {"fastflow.sarif", "fastflow.md", "fastflow.xml"}
    assert Path(ran.outputs["sarif"]).name == "fastflow.sarif"
    assert "web.test" in ran.summary


def test_a_step_that_starts_no_run_fails_with_its_exit_code(runner: Runner) -> None:
    runner.install()
    runner.fastflow.write("workflows: {}\n")
    ran = runner.run(RUN)
    assert ran.code == 2
    assert (ran.outputs["exit-code"], ran.outputs["run"], ran.outputs["folder"]) == ("2", "", "")
    assert "sarif" not in ran.outputs


def test_every_output_is_one_that_the_step_writes() -> None:
    written = set(re.findall(r'echo "([a-z-]+)=', RUN["run"]))
    assert {one["value"] for one in ACTION["outputs"].values()} == {
        f"${{{{ steps.{RUN['id']}.outputs.{name} }}}}" for name in written
    }


# GitLab
def component(**inputs: str) -> tuple[Any, str]:
    """The inputs of the component, and its pipeline with values for these, or their defaults."""
    head, pipeline = COMPONENT.split("\n---\n")
    declared = yaml.safe_load(head)["spec"]["inputs"]
    values = {name: one["default"] for name, one in declared.items()} | inputs
    return declared, re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: values[match[1]], pipeline)


def test_the_component_keeps_to_gitlabs_schema(tmp_path: Path) -> None:
    head, pipeline = COMPONENT.split("\n---\n")[0], component(args="--emulate")[1]
    for name, text in {"head": head, "pipeline": pipeline}.items():
        (tmp_path / f"{name}.yml").write_text(text)
        tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / f"{name}.yml")


def test_the_component_uses_each_of_its_inputs_and_is_tied_to_this_version() -> None:
    declared, pipeline = component(job="security", spec="a/fastflow.yml")
    assert set(re.findall(r"inputs\.(\w+)", COMPONENT)) == declared.keys()
    assert "$[[" not in pipeline
    assert yaml.safe_load(pipeline).keys() == {"security"}
    assert declared["image"]["default"].endswith(f":{__version__}")
