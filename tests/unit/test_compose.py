"""Plans as Compose projects: what the golden files do not show."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.compose import ComposeProject, ComposeText, Known, compile_project, project_name
from fastflow.compose.program import escape
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.report.plan import plan_as_text
from fastflow.settings import RunSettings
from fastflow.spec.document import Scalar, YamlList, YamlMap
from fastflow.spec.reader import read_spec

SETTINGS = RunSettings("Run1", "a$b.yml")


def planned(text: str, directory: Path, values: dict[str, str] | None = None) -> Plan:
    (facts,) = check([SpecText("f.yml", directory, text.encode())], values or {"WALLARM_API_TOKEN": "s3cr3t"}).specs
    return plan(facts, directory, Selection())


def node(nodes: str, more: str = "") -> str:
    return f"workflows:\n  w:\n    build_id: 1\n{more}    nodes:\n" + "".join(
        f"      {line}\n" for line in nodes.splitlines()
    )


def compiled(
    made: Plan,
    known: Known | None = None,
    phase: str | None = None,
    workflow: str = "w",
    settings: RunSettings = SETTINGS,
) -> ComposeProject:
    starting = made.phases[phase] if phase else None
    return compile_project(made, made.workflows[workflow], settings, starting, known or Known())


def own(project: ComposeProject) -> YamlMap:
    """fastflow's own document, merged last."""
    last = project.sources[-1]
    assert isinstance(last, ComposeText)
    document = read_spec("own", last.text.encode()).document
    assert document is not None
    return document.root


def at(tree: YamlMap, *path: str) -> object:
    found: object = tree
    for step in path:
        assert isinstance(found, YamlMap)
        found = found.get(step)
    if isinstance(found, Scalar):
        return found.text
    return [item.text for item in found.items if isinstance(item, Scalar)] if isinstance(found, YamlList) else found


def test_a_container_name_goes_to_the_phase_that_starts_and_else_to_the_first_that_claims_it(tmp_path: Path) -> None:
    made = planned(
        node("r: { mode: recording, container_name: one }\nt: { mode: testing, container_name: one }"), tmp_path
    )

    def names(phase: str | None) -> list[object]:
        tree = own(compiled(made, phase=phase))
        return [at(tree, "services", f"fast-{name}", "container_name") for name in "rt"]

    assert names(None) == ["one", None]
    assert names("w.r") == ["one", None]
    assert names("w.t") == [None, "one"]


@pytest.mark.parametrize(
    ("is_local", "ports"),
    [(True, ["127.0.0.1:80:8080/tcp", "0.0.0.0::8080/tcp"]), (False, ["80:8080/tcp", "0.0.0.0::8080/tcp"])],
)
def test_an_address_is_added_on_a_local_engine_only(is_local: bool, ports: list[str], tmp_path: Path) -> None:
    made = planned(node('r: { mode: recording, ports: ["80:8080", "0.0.0.0::8080"] }'), tmp_path)
    tree = own(compiled(made, Known(is_local=is_local)))
    assert at(tree, "services", "fast-r", "ports") == ports


@pytest.mark.parametrize(
    ("written", "ports"), [("", 1), (", ports: []", 1), (", ports: ~", 1), (", ports: [8080, 9]", 2)]
)
def test_a_command_outside_gets_a_port_where_none_is_written(written: str, ports: int, tmp_path: Path) -> None:
    made = planned(node(f"r: {{ mode: recording, source: {{ run: make }}{written} }}"), tmp_path)
    assert len(made.phases["w.r"].ports) == ports


def test_a_record_that_is_known_ties_its_phase(tmp_path: Path) -> None:
    made = planned(node("r: { mode: recording }\nt: { mode: testing }"), tmp_path)
    tree = own(compiled(made, Known(records={"w.t": "rec_7"})))
    assert at(tree, "services", "fast-t", "environment", "TEST_RECORD_ID") == "rec_7"
    assert at(tree, "services", "fast-r", "environment", "TEST_RECORD_ID") is None


def test_the_token_is_a_reference_to_its_variable(tmp_path: Path) -> None:
    text = node("r: { mode: recording }", "    cloud: { token: '${MINE:?m}' }\n")
    tree = own(compiled(planned(text, tmp_path, {"MINE": "s3cr3t"})))
    assert at(tree, "services", "fast-r", "environment", "WALLARM_API_TOKEN") == "${MINE}"


def test_labels_and_texts_are_escaped_and_names_are_lower_case(tmp_path: Path) -> None:
    project = compiled(planned(node("R: { mode: recording, container_name: 'a$$b' }"), tmp_path))
    tree = own(project)
    assert at(tree, "services", "fast-R", "labels", "io.fastflow.spec") == "a$$b.yml"
    assert at(tree, "services", "fast-R", "container_name") == "a$$b"
    assert project.name == project_name("Run1", "w") == "fastflow-run1-w"
    assert escape("$a$$") == "$$a$$$$"


@pytest.mark.parametrize("labels", ["{ team: x }", "[team=x]", "~", "{}"])
def test_a_nodes_own_labels_never_take_the_place_of_fastflows(labels: str, tmp_path: Path) -> None:
    tree = own(compiled(planned(node(f"r: {{ mode: recording, container: {{ labels: {labels} }} }}"), tmp_path)))
    assert at(tree, "services", "fast-r", "labels", "io.fastflow.run") == "Run1"
    assert at(tree, "services", "fast-r", "labels", "team") == ("x" if "team" in labels else None)


def test_env_files_are_ordered_from_the_weakest(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for name in ("app/.env", ".env", "app/compose.yml"):
        (tmp_path / name).write_text("services: {}\n" if name.endswith("yml") else "A=1\n", encoding="utf-8")
    made = planned(node("r: { mode: recording }", "    compose: app/compose.yml\n"), tmp_path)
    project = compiled(made, settings=replace(SETTINGS, env_files=("/x/more.env",)))
    assert project.env_files == (str(tmp_path / "app/.env"), str(tmp_path / ".env"), "/x/more.env")
    assert project.directory == str(tmp_path / "app")


def test_volumes_and_networks_of_others_get_no_labels(tmp_path: Path) -> None:
    compose = (
        "{ services: { a: { image: a, networks: [n, e] } }, networks: { n: , e: { external: true } },"
        " volumes: { v: , named: { name: x }, ext: { external: true } } }"
    )
    tree = own(compiled(planned(node("r: { mode: recording }", f"    compose: {compose}\n"), tmp_path)))
    volumes, networks = at(tree, "volumes"), at(tree, "networks")
    assert isinstance(volumes, YamlMap)
    assert isinstance(networks, YamlMap)
    assert [key.text for key, _ in volumes] == ["v"]
    assert [key.text for key, _ in networks] == ["n"]


def test_a_volume_named_by_the_project_is_labelled_and_one_with_a_name_of_its_own_is_not(tmp_path: Path) -> None:
    volumes = "{ data: { name: '${COMPOSE_PROJECT_NAME}_data' }, kept: { name: kept } }"
    more = f"    compose: {{ services: {{ app: {{ image: 'a:1' }} }}, volumes: {volumes} }}\n"
    values = {"WALLARM_API_TOKEN": "s3cr3t", "COMPOSE_PROJECT_NAME": "shop"}
    tree = own(compiled(planned(node("r: { mode: recording }", more), tmp_path, values)))
    assert at(tree, "volumes", "data", "labels", "io.fastflow.run") == "Run1"
    assert at(tree, "volumes", "kept") is None


def test_a_node_takes_the_whole_place_of_a_service_that_is_left_out(tmp_path: Path) -> None:
    compose = "{ services: { fast-r: { image: wallarm/fast, ports: ['1:1'] }, fast: { image: wallarm/fast } } }"
    tree = own(compiled(planned(node("r: { mode: recording }", f"    compose: {compose}\n"), tmp_path)))
    services = at(tree, "services")
    assert isinstance(services, YamlMap)
    assert {key.text: value.tag for key, value in services} == {"fast-r": "!override", "fast": "!reset"}


def test_only_recorders_have_an_alias_by_default(tmp_path: Path) -> None:
    nodes = "r: { mode: recording }\nt: { mode: testing }\np: { mode: report }\nq: { mode: report, alias: q }"
    tree = own(compiled(planned(node(nodes), tmp_path)))
    aliases = [at(tree, "services", f"fast-{name}", "networks", "default", "aliases") for name in "rtpq"]
    assert aliases == [["fast"], None, None, ["q"]]


def test_profiles_are_reset_for_what_a_phase_uses_and_for_nothing_else(tmp_path: Path) -> None:
    more = """    compose:
      services:
        app: { image: a, depends_on: { off: { condition: service_started, required: false } } }
        off: { image: o, profiles: [off] }
        named: { image: n, profiles: [named], depends_on: [needed] }
        needed: { image: n, profiles: [other] }
        tests: { image: "shop:1", profiles: [tests] }
        builds: { image: "shop:1", build: ., profiles: [build] }
"""
    nodes = "r: { mode: recording, source: { service: tests } }\nt: { mode: testing, services: [named] }"
    made = planned(node(nodes, more), tmp_path)

    def reset(phase: str | None) -> set[str]:
        services = at(own(compiled(made, phase=phase)), "services")
        assert isinstance(services, YamlMap)
        return {key.text for key, tree in services if isinstance(tree, YamlMap) and tree.get("profiles") is not None}

    assert reset("w.r") == {"tests", "builds"}
    assert reset("w.t") == {"named", "needed"}
    assert reset(None) == reset("w.r") | reset("w.t")


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("[fast, db]", ["db"]),
        ("[fast]", []),
        ("{ fast: { condition: service_started }, db: { condition: service_started, required: false } }", None),
    ],
)
def test_a_list_of_dependencies_is_replaced_and_a_mapping_loses_its_entries(
    written: str, made: list[str] | None, tmp_path: Path
) -> None:
    services = f"{{ app: {{ image: a, depends_on: {written} }}, db: {{ image: d }}, fast: {{ image: wallarm/fast }} }}"
    tree = own(
        compiled(planned(node("r: { mode: recording }", f"    compose: {{ services: {services} }}\n"), tmp_path))
    )
    found = at(tree, "services", "app", "depends_on")
    assert found == made if made is not None else [key.text for key, _ in found] == ["fast"]  # type: ignore[attr-defined]


def test_what_docker_would_put_into_containers_is_empty_if_the_files_do_not_set_it(tmp_path: Path) -> None:
    services = (
        "tests: { image: t, environment: [http_proxy=http://fast:8080, NO_PROXY] }, app: { image: a, env_file: e }"
    )
    (tmp_path / "e").write_text("HTTP_PROXY=http://own:1\n")
    more = f"    compose: {{ services: {{ {services} }} }}\n"
    text = node("r: { mode: recording, environment: { NO_PROXY: x } }", more)
    (facts,) = check([SpecText("f.yml", tmp_path, text.encode())], {"WALLARM_API_TOKEN": "s3cr3t"}).specs
    names = ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")
    made = plan(facts, tmp_path, Selection(), kept_out=names)

    def environment(service: str) -> list[object]:
        return [at(own(compiled(made)), "services", service, "environment", name) for name in names]

    assert environment("tests") == ["", None, None, ""]
    assert environment("app") == [None, "", "", ""]
    assert environment("fast-r") == ["", "", "x", ""]
    kept_out = (
        "  kept out of containers: HTTP_PROXY, http_proxy, NO_PROXY, no_proxy (`proxies` in Docker's config.json)"
    )
    assert kept_out in plan_as_text(made).splitlines()
