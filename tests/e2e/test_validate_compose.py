"""`compose-invalid`: what the real Docker Compose rejects, in `validate --compose` and in `up`."""

import json
from pathlib import Path

import pytest

from .runs import Fastflow, spec, workflow

pytestmark = pytest.mark.e2e
RECORD = {"record": "mode: recording\nsource: { run: 'true' }"}


def web(application: str, build_id: str = "web1") -> str:
    return spec({"web": workflow(build_id, RECORD, application=application)})


def rules(fastflow: Fastflow, *options: str) -> list[str]:
    ended = fastflow("validate", "--compose", "--format", "json", *options)
    found = json.loads(ended.out)["findings"]
    assert ended.code == (2 if found else 0), ended.err
    return [one["rule"] for one in found]


@pytest.mark.parametrize(
    "application",
    [
        "services: { app: { imagee: 'x:1' } }",  # a key that does not exist
        "services: { app: { image: 'x:1', mem_limit: lots } }",  # judged once variables have values
        "services: { app: { image: 'x:1', depends_on: [nobody] } }",  # judged once all is merged
        "services: { app: { image: 'x:1', ports: ['a:b'], environment: { A: '$$HOME' } } }",
    ],
)
def test_what_compose_rejects_is_a_finding_at_the_compose_value(application: str, fastflow: Fastflow) -> None:
    fastflow.write(web(application, "web${CI_PIPELINE_ID}"))
    text = (fastflow.directory / "fastflow.yml").read_text().splitlines()
    ended = fastflow("validate", "--compose", "--format", "json")
    (found,) = json.loads(ended.out)["findings"]
    assert ended.code == 2
    assert found["rule"] == "compose-invalid"
    assert text[found["line"] - 1][found["column"] - 1 :].startswith("compose")


@pytest.mark.parametrize(
    "application",
    [
        "services: { app: { image: 'x:1', mem_limit: '${MEMORY}' } }",
        "services: { app: { image: 'x:1', environment: { KEY: '${KEY:?set it}' } } }",
        "services: { app: { image: 'x:1', ports: ['${PORT}:80'], command: 'echo $$HOME' } }",
    ],
)
def test_what_depends_on_a_variable_is_left_to_env(application: str, fastflow: Fastflow) -> None:
    fastflow.write(web(application))
    (fastflow.directory / ".env").write_text("MEMORY=lots\nOTHER='no end\n")  # not read without --env
    assert rules(fastflow) == []


def test_with_env_the_values_count(fastflow: Fastflow) -> None:
    fastflow.write(web("services: { app: { image: 'x:1', mem_limit: '${MEMORY}' } }"))
    (fastflow.directory / ".env").write_text("MEMORY=lots\nWALLARM_API_TOKEN=tok-1234567\n")
    assert rules(fastflow, "--env") == ["compose-invalid"]
    (fastflow.directory / ".env").write_text("MEMORY=1g\nWALLARM_API_TOKEN=tok-1234567\n")
    assert rules(fastflow, "--env") == []


def test_levels_and_comments_hold_for_it(fastflow: Fastflow) -> None:
    broken = web("services: { app: { imagee: 'x:1' } }")
    fastflow.write(f"checks: {{ compose-invalid: off }}\n{broken}")
    assert rules(fastflow) == []
    fastflow.write(
        broken.replace("    compose:", "    # fastflow: ignore[compose-invalid] newer Compose\n    compose:")
    )
    assert rules(fastflow) == []
    # A comment that is there for `--compose` is none too many without it.
    assert fastflow("validate", "--strict").code == 0


def test_without_compose_in_the_workflow_it_stands_at_the_workflow(fastflow: Fastflow) -> None:
    nodes = "{ record: { mode: recording, source: { run: 'true' }, container: { mem_limit: lots } } }"
    fastflow.write(f"workflows:\n  web:\n    build_id: 1\n    nodes: {nodes}\n")
    ended = fastflow("validate", "--compose")
    assert "fastflow.yml:2:3: error[compose-invalid]: Docker Compose rejects the project of workflow web: " in ended.out


def test_up_shows_the_same_finding_before_anything_is_started(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(web("services: { app: { imagee: 'x:1' } }", build_id))
    ended = fastflow("up", "--emulate")
    shown = fastflow("validate", "--compose")
    assert (ended.code, shown.code) == (2, 2)
    finding = shown.out.split("\n\n")[0]
    assert "error[compose-invalid]" in finding
    assert finding in ended.err
    assert "error: 1 error and 0 warnings in 1 spec; nothing was started" in ended.err


def test_examples_are_accepted() -> None:
    examples = Path(__file__).parents[2] / "examples"
    assert Fastflow(examples)("validate", "--compose").code == 0
