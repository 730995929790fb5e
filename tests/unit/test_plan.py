"""What phases need: services, fresh services, networks, times."""

from pathlib import Path

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import PhasePlan, Plan
from fastflow.plan.making import Selection

COMPOSE = """\
services:
  app: { image: a, depends_on: [db], container_name: shop-app, networks: { default: { aliases: [app-test, shared] } } }
  db: { image: d }
  other: { image: o, networks: { default: { aliases: [shared] } } }
  tests: { image: t, depends_on: [selenium], links: [db] }
  selenium: { image: s, profiles: [tests] }
  debug: { image: x, profiles: [debug], networks: { default: { aliases: [app, shared] } } }
"""


def planned(nodes: str, directory: Path, more: str = "") -> Plan:
    (directory / "c.yml").write_text(COMPOSE, encoding="utf-8")
    text = f"{more}workflows: {{ w: {{ build_id: 1, compose: c.yml, nodes: {{ {nodes} }} }} }}\n"
    (facts,) = check([SpecText("f.yml", directory, text.encode())], None).specs
    return plan(facts, directory, Selection())


def phase(fields: str, directory: Path, mode: str = "recording") -> PhasePlan:
    return planned(f"n: {{ mode: {mode}, {fields} }}", directory).phases["w.n"]


@pytest.mark.parametrize(
    ("mode", "fields", "services"),
    [
        ("recording", "x-a: 1", ["app", "db", "other", "tests", "selenium"]),
        ("recording", "source: { service: tests }", ["app", "db", "other", "selenium"]),
        ("recording", "services: [], source: { service: tests }", ["db", "selenium"]),
        ("recording", "services: [other]", ["other"]),
        ("recording", "services: [app]", ["app", "db"]),
        ("recording", "services: [debug]", ["debug"]),
        ("recording", "services: { tests: }", ["db", "tests", "selenium"]),
        ("testing", "services: [other], test_run_uri: 'http://app:3000/x'", ["app", "db", "other"]),
        ("testing", "services: [], test_run_uri: 'http://app'", ["app", "db"]),
        ("testing", "services: [other], test_run_uri: 'http://APP'", ["app", "db", "other"]),
        ("testing", "services: [other], test_run_uri: 'http://app-test'", ["app", "db", "other"]),
        ("testing", "services: [], test_run_uri: 'http://shop-app'", ["app", "db"]),
        ("testing", "services: [other], test_run_uri: 'http://shared'", ["other"]),
        ("testing", "services: [db], test_run_uri: 'http://shared'", ["app", "db", "other"]),
        ("testing", "services: [], test_run_uri: 'https://elsewhere.example'", []),
        ("report", "services: [db]", ["db"]),
    ],
)
def test_services_of_a_phase(mode: str, fields: str, services: list[str], tmp_path: Path) -> None:
    assert [service.name for service in phase(fields, tmp_path, mode).services] == services


OPTIONAL = """\
services:
  app: { image: a, depends_on: { debug: { condition: service_started, required: false }, zero: { condition: service_healthy } } }
  debug: { image: d, profiles: [debug], depends_on: { more: { condition: service_started, required: false } } }
  more: { image: m, profiles: [debug] }
  zero: { image: z, scale: "${COPIES:-0}", depends_on: [after] }
  after: { image: f, profiles: [after] }
  tests: { image: t, profiles: [tests], depends_on: { stub: { condition: service_started, required: no } } }
  stub: { image: s, profiles: [tests], deploy: { replicas: 1 } }
"""  # noqa: E501


@pytest.mark.parametrize(
    ("fields", "values", "services"),
    [
        ("x-a: 1", {}, ["app", "after"]),
        ("x-a: 1", {"COMPOSE_PROFILES": "debug"}, ["app", "debug", "more", "after"]),
        (
            "x-a: 1",
            {"COMPOSE_PROFILES": "*", "COPIES": "2"},
            ["app", "debug", "more", "zero", "after", "tests", "stub"],
        ),
        ("x-a: 1", {"COPIES": "1"}, ["app", "zero", "after"]),
        ("services: [app, zero]", {}, ["app", "after"]),
        ("services: [debug]", {}, ["debug", "more"]),
        ("services: [], source: { service: tests }", {}, ["stub"]),
    ],
)
def test_what_the_user_disabled_or_scaled_to_nothing_is_not_needed(
    fields: str, values: dict[str, str], services: list[str], tmp_path: Path
) -> None:
    (tmp_path / "c.yml").write_text(OPTIONAL, encoding="utf-8")
    text = f"workflows: {{ w: {{ build_id: 1, compose: c.yml, nodes: {{ n: {{ mode: recording, {fields} }} }} }} }}\n"
    (facts,) = check([SpecText("f.yml", tmp_path, text.encode())], {"WALLARM_API_TOKEN": "t", **values}).specs
    made = plan(facts, tmp_path, Selection()).phases["w.n"]
    assert [service.name for service in made.services] == services


def test_sources_of_other_nodes_are_no_services_either(tmp_path: Path) -> None:
    made = planned("n: { mode: recording, source: { service: tests } }, t: { mode: testing }", tmp_path)
    assert "tests" not in [service.name for service in made.phases["w.t"].services]


@pytest.mark.parametrize(
    ("fields", "fresh"),
    [("fresh: true, services: [app]", ("app", "db")), ("fresh: [db]", ("db",)), ("fresh: false", ()), ("x-a: 1", ())],
)
def test_fresh_services(fields: str, fresh: tuple[str, ...], tmp_path: Path) -> None:
    assert phase(fields, tmp_path).fresh == fresh


@pytest.mark.parametrize(
    ("fields", "inactivity"),
    [
        ("x-a: 1", None),
        ("source: { run: a }", "600"),
        ("source: { run: a, timeout: 1h }", "3600"),
        ("source: [{ run: a, timeout: 20m }, { run: b, timeout: 5m }]", "1200"),
        ("source: { run: a, timeout: 1h }, inactivity_timeout: 5", "5"),
        ("inactivity_timeout: 2h", "7200"),
    ],
)
def test_the_inactivity_timeout_covers_the_source(fields: str, inactivity: str | None, tmp_path: Path) -> None:
    assert phase(fields, tmp_path).environment.get("INACTIVITY_TIMEOUT") == inactivity


def test_times_have_the_defaults_of_the_contract(tmp_path: Path) -> None:
    made = phase("services: { app: { log: up, timeout: 1m }, other: }", tmp_path)
    assert made.timeout == 6 * 3600
    assert {one.name: (one.log, one.timeout) for one in made.services} == {
        "app": ("up", 60), "db": (None, 300), "other": (None, 300)
    }  # fmt: skip
    assert phase("timeout: 5m", tmp_path).timeout == 300


HOSTS = "hosts: { a: { context: x }, b: { context: y } }\n"


@pytest.mark.parametrize(
    ("hosts", "wanted", "host"),
    [
        ("", "", ""),
        (HOSTS, "", "a"),
        (HOSTS, "host: b,", "b"),
        (HOSTS, "host: any,", "a"),
        (HOSTS, "host: [b, a],", "b"),
    ],
)
def test_the_host_of_a_workflow(hosts: str, wanted: str, host: str, tmp_path: Path) -> None:
    text = f"{hosts}workflows: {{ w: {{ {wanted} nodes: {{ n: {{ mode: recording }} }} }} }}\n"
    (facts,) = check([SpecText("f.yml", tmp_path, text.encode())], None).specs
    assert plan(facts, tmp_path, Selection()).workflows["w"].host == host


@pytest.mark.parametrize(
    ("limits", "wanted", "hosts"),
    [
        (("", ""), ("any", "any", "any", "any"), "abab"),
        (("", ""), ("any", "any", "a", "a"), "bbaa"),
        (("", ""), ("[b, a]", "[b, a]", "any", "b"), "abab"),
        ((", max_parallel: 1", ", max_parallel: 3"), ("any", "any", "any", "any"), "bbab"),
    ],
)
def test_workflows_that_may_go_to_several_hosts_spread(
    limits: tuple[str, str], wanted: tuple[str, ...], hosts: str, tmp_path: Path
) -> None:
    text = "hosts: {{ a: {{ context: x{} }}, b: {{ context: y{} }} }}\nworkflows:\n".format(*limits)
    for number, host in enumerate(wanted):
        node = f"{{ mode: recording, build_id: b{number} }}"
        text += f"  w{number}: {{ host: {host}, nodes: {{ n: {node} }} }}\n"
    (facts,) = check([SpecText("f.yml", tmp_path, text.encode())], None).specs
    planned = plan(facts, tmp_path, Selection())
    assert "".join(workflow.host for workflow in planned.workflows.values()) == hosts


def test_the_name_of_a_plan_is_the_directorys_where_none_is_given(tmp_path: Path) -> None:
    assert planned("n: { mode: recording }", tmp_path).name == tmp_path.name
    assert planned("n: { mode: recording }", tmp_path, "name: 007\n").name == "007"
