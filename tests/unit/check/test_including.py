"""`include`: what a spec and the files that it includes come to, where their paths lead, and what limits them."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.app.request import RunRequest
from fastflow.check.facts import Facts
from fastflow.compose import ComposeFile, compile_project
from fastflow.model.node import RecordingNode, TestingNode
from fastflow.model.node_parts import Gate
from fastflow.model.relations import CommandSource
from fastflow.pipeline import Checked, SpecText, check, plan
from fastflow.plan.making import Selection
from fastflow.record.plan_file import plan_file_of_run
from fastflow.settings import RunSettings
from fastflow.spec.events import MAX_BYTES

REPORT = 'nodes: { p: { mode: report, test_run_id: "1" } }'
WEB = f"workflows: {{ web: {{ {REPORT} }} }}\n"


def checked(directory: Path, files: Mapping[str, str], *given: str, values: Mapping[str, str] | None = None) -> Checked:
    """Check the specs that are given, `fastflow.yml` if none is, as somebody in their directory."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    names = given or ("fastflow.yml",)
    texts = [SpecText(name, (directory / name).parent, (directory / name).read_bytes()) for name in names]
    return check(texts, values)


def facts_of(directory: Path, files: Mapping[str, str], values: Mapping[str, str] | None = None) -> Facts:
    found = checked(directory, files, values=values)
    assert not found.diagnostics, found.diagnostics
    (facts,) = found.specs
    return facts


def messages(found: Checked) -> list[str]:
    return [one.message for one in found.diagnostics]


def test_own_values_win_over_later_files_and_these_over_earlier_ones(tmp_path: Path) -> None:
    spec = facts_of(
        tmp_path,
        {
            "fastflow.yml": f"include: [a.yml, b.yml]\nmax_parallel: 1\ncloud: {{ use_ssl: true }}\n{WEB}",
            "a.yml": "name: a\nmax_parallel: 3\ncloud: { use_ssl: false, ca_verify: true, query: false }\n"
            "hosts: { h: { context: a }, i: { context: a } }\ndefaults: { timeout: 1, attempts: 2 }\nx-own: [1]\n",
            "b.yml": "name: b\ncloud: { query: true }\nhosts: { h: { docker_host: ssh://b } }\n"
            "defaults: { timeout: 5 }\n"
            f"workflows: {{ api: {{ {REPORT} }} }}\n",
        },
    ).spec
    assert (spec.name, spec.max_parallel) == ("b", 1)
    assert spec.cloud is not None
    assert (spec.cloud.use_ssl, spec.cloud.ca_verify, spec.cloud.query) == (True, True, True)
    assert {name: host.engine for name, host in (spec.hosts or {}).items()} == {
        "h": "address ssh://b",
        "i": "context a",
    }
    assert [(name, flow.nodes["p"].timeout, flow.nodes["p"].attempts) for name, flow in spec.workflows.items()] == [
        ("web", 5, 2),
        ("api", 5, 2),
    ]


TEAM = """\
workflows:
  team:
    build_id: team${stage}
    compose: [docker-compose.yml, { services: { app: { volumes: ["./data:/data"] } } }]
    nodes:
      record:
        mode: recording
        allowed_hosts: [app]
        source: [{ run: ./a.sh }, { run: ./b.sh, working_dir: below }, { run: ./c.sh, working_dir: /abs }]
      test: { mode: testing, test_run_uri: "http://app", gate: { accept: "${stage}.yml" }, reports: ../out }
"""
COMPOSE = 'services: { app: { image: "app:${stage}", healthcheck: { test: "true" } } }\n'


def test_paths_of_an_included_file_are_from_its_own_directory(tmp_path: Path) -> None:
    files = {
        "fastflow.yml": f"include: [{{ path: teams/team/spec.yml, with: {{ stage: s1 }} }}]\n{WEB}",
        "teams/team/spec.yml": TEAM,
        "teams/team/docker-compose.yml": COMPOSE,
        "teams/team/s1.yml": "[]",
    }
    facts = facts_of(tmp_path, files)
    record, test = facts.spec.workflows["team"].nodes["record"], facts.spec.workflows["team"].nodes["test"]
    assert isinstance(record, RecordingNode)
    assert isinstance(test, TestingNode)
    assert isinstance(test.gate, Gate)
    assert [source.working_dir for source in record.sources if isinstance(source, CommandSource)] == [
        "teams/team",
        "teams/team/below",
        "/abs",
    ]
    assert (test.gate.accept, test.reports) == ("teams/team/s1.yml", "teams/out")
    made = plan(facts, tmp_path, Selection())
    project = compile_project(made, made.workflows["team"], RunSettings("r", "f.yml"))
    assert project.directory == str(tmp_path / "teams/team")
    assert project.sources[0] == ComposeFile(str(tmp_path / "teams/team/docker-compose.yml"))
    assert f"{tmp_path}/teams/team/data" in repr(project.sources[1])


@pytest.mark.parametrize("values", [None, {"stage": "environment", "WALLARM_API_TOKEN": "t"}])
def test_variables_of_a_file_are_known_in_it_and_for_its_applications_only(
    tmp_path: Path, values: Mapping[str, str] | None
) -> None:
    node = "{ mode: testing, test_record_id: r, test_run_uri: 'http://x.example' }"
    own = f"workflows: {{ own: {{ build_id: own$stage, nodes: {{ t: {node} }} }} }}\n"
    files = {
        "fastflow.yml": f"include: [{{ path: a/spec.yml, with: {{ stage: s1 }} }}]\n{own}",
        "a/spec.yml": TEAM.replace("gate: { accept", "x-gate: { accept"),
        "a/docker-compose.yml": COMPOSE,
    }
    facts = facts_of(tmp_path, files, values)
    assert [phase.build_id for phase in facts.phases] == [
        "own$stage" if values is None else "ownenvironment",
        "teams1",
        "teams1",
    ]
    assert facts.applications["team"].services["app"].image == "app:s1"
    made = plan(facts, tmp_path, Selection())
    assert {name: flow.variables for name, flow in made.workflows.items()} == {"own": {}, "team": {"stage": "s1"}}
    assert compile_project(made, made.workflows["team"], RunSettings("r", "f")).environment == {"stage": "s1"}


def test_an_axis_wins_over_a_variable_of_the_file(tmp_path: Path) -> None:
    team = f"workflows: {{ team: {{ matrix: {{ a: [x] }}, build_id: '${{a}}${{b}}', {REPORT} }} }}"
    files = {"fastflow.yml": "include: [{ path: t.yml, with: { a: y, b: z } }]\n", "t.yml": team}
    facts = facts_of(tmp_path, files)
    assert facts.variables == {"team-x": {"a": "x", "b": "z"}}
    assert facts.spec.workflows["team-x"].build_id == "xz"


def test_a_file_that_two_files_include_is_included_once(tmp_path: Path) -> None:
    files = {
        "fastflow.yml": "include: [a.yml, b.yml]\n",
        "a.yml": "include: [c.yml]\n",
        "b.yml": "include: [./c.yml]\n",
    }
    assert list(facts_of(tmp_path, {**files, "c.yml": WEB}).spec.workflows) == ["web"]


def test_a_file_that_is_given_and_included_is_checked_once(tmp_path: Path) -> None:
    node = "{ mode: recording, allowed_hosts: [x.example], source: { run: x } }"
    web = f"workflows: {{ web: {{ build_id: web, nodes: {{ r: {node} }} }} }}\n"
    files = {"fastflow.yml": "include: [teams/web.fastflow.yml]\n", "teams/web.fastflow.yml": web, "other.yml": WEB}
    found = checked(tmp_path, files, "teams/web.fastflow.yml", "fastflow.yml", "other.yml")
    assert not found.diagnostics
    assert [facts.document.file for facts in found.specs] == ["fastflow.yml", "other.yml"]


def test_a_spec_from_standard_input_includes_from_its_directory(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(WEB)
    found = check([SpecText("-", tmp_path, b"include: [a.yml]\n")], None)
    assert not found.diagnostics
    assert list(found.specs[0].spec.workflows) == ["web"]


def test_comments_and_levels_of_included_files_count(tmp_path: Path) -> None:
    team = (
        "checks: { image-unpinned: error, build-id-constant: warning }\n"
        "workflows:\n"
        "  team:\n"
        "    build_id: constant # fastflow: ignore[build-id-constant] one pipeline at a time\n"
        "    nodes: { r: { mode: recording, allowed_hosts: [x.example], image: fast, source: { run: x } } }\n"
    )
    found = checked(tmp_path, {"fastflow.yml": "include: [team.yml]\n", "team.yml": team})
    assert [(one.rule, one.severity.value, one.mark.file) for one in found.diagnostics] == [
        ("image-unpinned", "error", "team.yml")
    ]


def test_all_files_together_have_the_limits_of_one(tmp_path: Path) -> None:
    half = "# " + "x" * (MAX_BYTES // 2) + "\n"
    files = {
        "fastflow.yml": f"include: [a.yml, b.yml]\n{WEB}",
        "a.yml": half + "name: a\n",
        "b.yml": half + "name: b\n",
    }
    assert messages(checked(tmp_path, files)) == ["the spec and the files it includes have more than 5,000,000 bytes"]
    values = f"x-a: [{'1,' * 260_000}]\n"
    files = {"fastflow.yml": f"include: [a.yml, b.yml]\n{WEB}", "a.yml": values, "b.yml": values}
    assert messages(checked(tmp_path, files)) == ["the spec and the files it includes contain more than 500,000 values"]
    many = {"fastflow.yml": f"include: [{'none.yml, ' * 1500}]\n{WEB}"}
    said = messages(checked(tmp_path, many))
    assert (len(said), said[-1]) == (1001, "more than 1,000 files are included")
    chain = {f"{at}.yml": f"include: [{at + 1}.yml]\n" for at in range(30)}
    assert messages(checked(tmp_path, {**chain, "fastflow.yml": f"include: [0.yml]\n{WEB}"})) == [
        "files are included more than 20 levels deep"
    ]


@pytest.mark.parametrize("path", ["/dev/zero", ".", "nul\\0", "a" * 5000])
def test_what_is_no_file_is_said_and_ends(path: str, tmp_path: Path) -> None:
    (message,) = messages(checked(tmp_path, {"fastflow.yml": f'include: ["{path}"]\n{WEB}'}))
    assert "cannot be read" in message or "U+0000" in message


def test_what_a_run_rests_on_covers_included_files(tmp_path: Path) -> None:
    def digest(stage: str, tests: str) -> Mapping[str, str]:
        team = TEAM.replace("./b.sh", tests)
        spec = f"include: [{{ path: a/spec.yml, with: {{ stage: {stage} }} }}]\n"
        files = {
            "fastflow.yml": spec,
            "a/spec.yml": team,
            "a/docker-compose.yml": COMPOSE,
            "a/s1.yml": "[]",
            "a/s2.yml": "[]",
        }
        values = {"WALLARM_API_TOKEN": "t"}
        text = SpecText("fastflow.yml", tmp_path, spec.encode())
        return RunRequest("r", text, values, (), checked(tmp_path, files, values=values), Selection()).digest.fields

    one = digest("s1", "./b.sh")
    assert digest("s1", "./b.sh") == one
    changed = {name for name, value in digest("s2", "./other.sh").items() if one[name] != value}
    assert {"workflows.team.variables", "workflows.team.nodes.record.source"} <= changed


NAMES = ["a.yml", "b.yml", "d/c.yml"]
INCLUDED = st.lists(st.sampled_from(["a.yml", "b.yml", "d/c.yml", "../a.yml", "c.yml", "none.yml"]), max_size=3)


@settings(max_examples=60)
@given(top=INCLUDED, files=st.tuples(INCLUDED, INCLUDED, INCLUDED))
def test_whatever_files_include_reading_ends_and_each_workflow_is_there_once(
    top: list[str], files: tuple[list[str], ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    texts = {
        name: f"include: {included}\nworkflows: {{ w{at}: {{ {REPORT} }} }}\n"
        for at, (name, included) in enumerate(zip(NAMES, files, strict=True))
    }
    found = checked(tmp_path_factory.mktemp("specs"), {**texts, "fastflow.yml": f"include: {top}\n{WEB}"})
    said = messages(found)
    assert all("cannot be read" in one or "include one another" in one for one in said), said
    if not said:
        (facts,) = found.specs
        assert set(facts.spec.workflows) == {"web", *(f"w{NAMES.index(name)}" for name in facts.inclusions)}


def test_a_runs_plan_has_the_place_in_the_spec_by_which_a_node_came_in(tmp_path: Path) -> None:
    files = {"fastflow.yml": f"x: 1\ninclude:\n  - a.yml\n{WEB}".replace("x: 1", "x-a: 1")}
    files |= {"a.yml": "include:\n\n\n\n  - b.yml\n", "b.yml": WEB.replace("web", "team")}
    values = {"WALLARM_API_TOKEN": "t"}
    facts = facts_of(tmp_path, files, values)
    made = plan_file_of_run(plan(facts, tmp_path, Selection()), facts, values, "r1")
    assert [(phase.id, phase.line, phase.column) for phase in made.phases] == [("web.p", 4, 30), ("team.p", 3, 5)]
    assert made.resolved is not None
    assert "team:" in made.resolved


def test_levels_of_a_finding_in_an_included_file_are_those_of_the_spec_that_includes_it(tmp_path: Path) -> None:
    node = "nodes: { r: { mode: recording, allowed_hosts: [x.example], source: { run: x } } }"
    files = {
        "first.yml": WEB,
        "second.yml": "include: [team.yml]\nchecks: { build-id-ambiguous: error }\n",
        "team.yml": f"workflows: {{ a: {{ build_id: 'x${{A}}', {node} }}, b: {{ build_id: 'x${{B}}', {node} }} }}\n",
    }
    found = checked(tmp_path, files, "first.yml", "second.yml")
    assert [(one.rule, one.severity.value, one.mark.file) for one in found.diagnostics] == [
        ("build-id-ambiguous", "error", "team.yml")
    ]
