"""The file of every CI system: against its published schema, against a golden file, and by its shell lines."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from fastflow.jobs import Pipeline
from fastflow.jobs.splitting import one_job
from tests.unit.command_words import parse
from tests.unit.jobs.pipelines import GOLDEN, NAMES, file_of, node, pipeline_of, read, spec_of

SPEC = (GOLDEN / "fastflow.yml").read_text(encoding="utf-8")
SCHEMAS = {
    "github": "github-workflows",
    "gitlab": "gitlab-ci",
    "circleci": "circle-ci",
    "azure": "azure-pipelines",
    "bamboo": "bamboo-spec",
}
BARE = spec_of(web={"record": node("recording", recorder="har"), "test": node("testing", scanner="sarif", image="s")})


def pipelines(system: str) -> dict[str, Pipeline]:
    """Pipelines that have all that a file may have, and one that has nearly nothing."""
    return {
        "spread": pipeline_of(SPEC, system),
        "one": pipeline_of(
            SPEC, system, one_job(read(SPEC)), install="./tools/fastflow", spec="apps/my shop/fastflow.yml"
        ),
        "bare": pipeline_of(BARE, system),
    }


def loaded(text: str) -> Any:
    """A file as CI systems read it: `on` is a text."""
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize("case", ["spread", "one", "bare"])
@pytest.mark.parametrize("system", SCHEMAS)
def test_a_file_keeps_to_the_schema_of_its_system(system: str, case: str) -> None:
    path = files("check_jsonschema.builtin_schemas.vendor") / f"{SCHEMAS[system]}.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(loaded(file_of(pipelines(system)[case], system))))
    assert error is None, f"{error.json_path}: {error.message[:300]}"


@pytest.mark.parametrize("system", NAMES)
def test_a_file_is_as_the_golden_one(system: str) -> None:
    path, text = GOLDEN / f"{system}.txt", file_of(pipeline_of(SPEC, system), system)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "UPDATE_GOLDEN=1 writes it again"


def test_braces_and_quotes_of_a_jenkinsfile_are_closed() -> None:
    text = file_of(pipeline_of(SPEC, "jenkins"), "jenkins")
    bare = re.sub(r"'''.*?'''|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|//.*", "", text, flags=re.DOTALL)
    bare = re.sub(r"//.*", "", bare)
    assert "'" not in bare
    stack = []
    for letter in bare:
        if letter in "([{":
            stack.append(letter)
        elif letter in ")]}":
            assert stack.pop() + letter in ("()", "[]", "{}")
    assert stack == []
    stages = re.findall(r"stage\('([\w-]+)'\)", text)
    assert stages == ["fast-web-recording", "fast-web-testing", "fast-policy", "fast-api"]


# The shell lines
TOOLS = {
    "pip": "exit 0",
    "git": "exit 0",
    "python3": 'test "$1 $2" = "-m venv" && mkdir -p "$3/bin" && ln -sf "$TOOLS/pip" "$TOOLS/fastflow" "$3/bin/"',
    "fastflow": """
printf '%s\\n' "$#" "$@" >>"$TOOLS/calls"
while [ $# -gt 0 ]; do
  [ "$1" = --after ] && { test -f "$2" || exit 9; }
  [ "$1" = --report ] && mkdir -p "$(dirname "${2#*=}")" && : >"${2#*=}"
  shift
done""",
}


def shell_lines(system: str, text: str) -> Iterator[str]:
    """The scripts of a file in its order, whatever its system calls them."""
    if system == "jenkins":
        for long, short in re.findall(r"\bsh (?:'''(.*?)'''|'((?:\\.|[^'\\\n])*)')", text, re.DOTALL):
            yield re.sub(r"\\(.)", r"\1", long or short, flags=re.DOTALL)
        return
    yield from scripts_in(loaded(text))


def scripts_in(value: Any) -> Iterator[str]:
    """The scripts below a value; of GitLab's base before the scripts that extend it."""
    if isinstance(value, list):
        for item in value:
            yield from scripts_in(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("run", "script", "command", "before_script", "after_script") and not isinstance(inner, dict):
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from scripts_in(inner)


def calls(path: Path) -> list[list[str]]:
    """The arguments of each call of fastflow."""
    lines, found = path.read_text(encoding="utf-8").splitlines(), []
    while lines:
        number = int(lines.pop(0))
        found.append(lines[:number])
        del lines[:number]
    return found


@pytest.mark.parametrize("case", ["spread", "one"])
@pytest.mark.parametrize("system", NAMES)
def test_the_shell_lines_call_fastflow_with_arguments_that_it_has(system: str, case: str, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, script in TOOLS.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    pipeline = pipelines(system)[case]
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "TOOLS": str(tools), "HOME": str(tmp_path)}
    for script in shell_lines(system, file_of(pipeline, system)):
        found = re.sub(r"\$\(Pipeline\.Workspace\)", str(tmp_path), script)
        for_azure = "for one in" in found  # the results that another task brings
        if for_azure:
            name = re.findall(r"reports/([\w-]+)-result-\*/", found)[0]
            (tmp_path / f"fastflow-reports/{name}-result-1").mkdir(parents=True, exist_ok=True)
            (tmp_path / f"fastflow-reports/{name}-result-1/{name}.json").touch()
        done = subprocess.run(
            ["bash", "-e", "-c", found], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{found}\n{done.stderr}"
    ups = []
    for words in calls(tools / "calls"):
        parse(" ".join(f"'{word}'" for word in words))  # click knows each of them
        assert words[1] == pipeline.spec
        ups += [words] if words[0] == "up" else []
    assert len(ups) == len(pipeline.jobs)
    for words, job in zip(ups, pipeline.jobs, strict=True):
        pairs = list(pairwise(words))
        assert tuple(value for name, value in pairs if name == "-w") == job.workflows
        assert [value for name, value in pairs if name == "--only"] == [job.only] * (job.only is not None)
        assert [value for name, value in pairs if name == "--after"] == [
            f"fastflow-reports/{one}.json" for one in job.needs
        ]


# What each system is told
@pytest.mark.parametrize("system", [name for name in NAMES if name != "gitlab"])  # whose jobs have it anyway
def test_the_number_of_the_run_stands_for_that_of_another_system(system: str) -> None:
    numbers = {
        "github": "${{ github.run_id }}",
        "jenkins": '"${env.BUILD_NUMBER}"',
        "circleci": "<< pipeline.number >>",
        "azure": "$(Build.BuildId)",
        "bamboo": '"$bamboo_buildNumber"',
    }
    text = file_of(pipeline_of(SPEC, system), system)
    assert re.search(rf"CI_PIPELINE_ID ?[:=] ?{re.escape(numbers[system])}", text)


def test_github_gives_a_job_its_secret_and_the_variables_of_the_spec() -> None:
    steps = loaded(file_of(pipeline_of(SPEC, "github"), "github"))["jobs"]["fast-api"]["steps"]
    (environment,) = [step["env"] for step in steps if "env" in step]
    assert environment == {
        "REGISTRY": "${{ vars.REGISTRY }}",
        "CI_PIPELINE_ID": "${{ github.run_id }}",
        "WALLARM_API_TOKEN": "${{ secrets.WALLARM_API_TOKEN }}",
    }


@pytest.mark.parametrize("system", NAMES)
def test_a_spec_without_a_token_asks_for_no_secret(system: str) -> None:
    assert not re.search(r"secret|credential|TOKEN", file_of(pipeline_of(BARE, system), system))


@pytest.mark.parametrize("system", NAMES)
def test_what_a_killed_run_left_is_removed_whatever_becomes_of_the_job(system: str) -> None:
    text = file_of(pipeline_of(BARE, system), system)
    always = {
        "github": r"- if: always\(\)\n +run: fastflow down fastflow.yml",
        "gitlab": r"after_script:\n +- \S+fastflow down fastflow.yml",
        "jenkins": r"post \{\n +always \{(\n.*)+fastflow down fastflow.yml'",
        "circleci": r"fastflow down fastflow.yml\n +when: always",
        "azure": r"fastflow down fastflow.yml\n.*\n +condition: always\(\)",
        "bamboo": r"final-tasks:\n +- script: \[\S+fastflow down fastflow.yml\]",
    }
    assert re.search(always[system], text), text
