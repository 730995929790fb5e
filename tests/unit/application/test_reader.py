"""What is read of an application without an engine: merged, with places, or with the reason why not."""

from pathlib import Path

import pytest

from fastflow.application.documents import file_sources
from fastflow.application.model import Application
from fastflow.application.needs import without_fast
from fastflow.application.reader import ApplicationReading, ComposeFiles
from fastflow.diagnostic import Mark
from fastflow.model.base import Symbolic
from fastflow.spec.document import YamlMap
from fastflow.spec.reader import read_spec

MARK = Mark("f.yml", 3, 14, 3, 20)


def inline(text: str) -> YamlMap:
    document = read_spec("inline", text.encode()).document
    assert document is not None
    return document.root


def reading(
    directory: Path, files: dict[str, str], *sources: str | YamlMap, values: dict[str, str] | None = None
) -> ApplicationReading:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    wanted = sources or ("compose.yml",)
    return ComposeFiles(directory, values).read(file_sources(wanted, [MARK] * len(wanted)))


def application(
    directory: Path, files: dict[str, str] | str, *sources: str | YamlMap, values: dict[str, str] | None = None
) -> Application:
    found = reading(directory, {"compose.yml": files} if isinstance(files, str) else files, *sources, values=values)
    assert not found.diagnostics
    assert found.application is not None
    return found.application


def test_without_values_variables_stay_as_written(tmp_path: Path) -> None:
    text = (
        "services: { a: { image: 'a:${TAG}', ports: ['${P}:80', '80:80'], environment: [A=$B, C], env_file: x.env } }"
    )
    service = application(tmp_path, {"compose.yml": text, "x.env": "D=$E\n"}).services["a"]
    assert service.image == "a:${TAG}"
    assert [(port.host, port.has_variable) for port in service.ports] == [(None, True), ((80, 80), False)]
    assert service.environment == {"D": "$E", "A": "$B", "C": None}


def test_values_win_over_the_env_file_beside_the_compose_file(tmp_path: Path) -> None:
    files = {
        "app/compose.yml": "services: { a: { image: '$A-$B-$C', environment: [A, Z] } }\n",
        "app/.env": "A=file\nB=file\n",
    }
    service = application(tmp_path, files, "app/compose.yml", values={"A": "given"}).services["a"]
    assert (service.image, service.environment) == ("given-file-", {"A": "given", "Z": None})


@pytest.mark.parametrize(
    ("files", "message", "place"),
    [
        ({}, "the Compose file compose.yml cannot be read: no such file", (3, 14)),
        ({"compose.yml/x": ""}, "the Compose file compose.yml cannot be read: is a directory", (3, 14)),
        ({"compose.yml": "- a\n"}, "the Compose file compose.yml is not valid: the file contains a list", (1, 1)),
        ({"compose.yml": ""}, "the Compose file compose.yml is empty", (3, 14)),
        ({"compose.yml": "a: 1\na: 2\n"}, "the Compose file compose.yml is not valid: the key `a`", (2, 1)),
        ({"compose.yml": "a: {\n"}, "the Compose file compose.yml is not valid", (2, 1)),
        ({"compose.yml": "include: [gone.yml]\n"}, "the Compose file gone.yml cannot be read", (1, 11)),
        (
            {"compose.yml": "services: { a: { extends: { file: gone.yml, service: b } } }\n"},
            "the Compose file gone.yml cannot be read", (1, 27),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_finding(
    files: dict[str, str], message: str, place: tuple[int, int], tmp_path: Path
) -> None:
    found = reading(tmp_path, files)
    (one,) = found.diagnostics
    assert found.application is None
    assert one.rule == "compose-file"
    assert one.message.startswith(message)
    assert (one.mark.line, one.mark.column) == place


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "include: ['https://example.com/c.yml']\nservices: { a: { image: a } }\n",
            "include https://example.com/c.yml is remote",
        ),
        ("include: ['oci://example.com/c']\nservices: { a: { image: a } }\n", "include oci://example.com/c is remote"),
        ("include: ['${DIR}/c.yml']\nservices: { a: { image: a } }\n", "include ${DIR}/c.yml contains a variable"),
        ("services: { a: { extends: { file: 'git@x:y', service: b } } }\n", "extends git@x:y is remote"),
        ("services: { a: { extends: b } }\n", "extends b: no such service"),
        ("services: { a: { extends: b }, b: { extends: a } }\n", "extends a: a cycle"),
        (
            "include: [compose.yml]\nservices: { a: { image: a } }\n",
            "include compose.yml: nested too deeply, or a cycle",
        ),
    ],
)
def test_what_is_out_of_reach_makes_the_application_incomplete(text: str, reason: str, tmp_path: Path) -> None:
    found = application(tmp_path, text)
    assert not found.is_complete
    assert reason in found.unread
    assert "a" in found.services


@pytest.mark.parametrize(
    "text",
    [
        "services: [a]\n",
        "services: { a: x, b: [c], c: }\n",
        "services: { a: { ports: x, volumes: 1, networks: y } }\n",
        "services: { a: { environment: 5, depends_on: 7, healthcheck: x, links: { a: b }, extends: 3 } }\n",
        "networks: x\nvolumes: [y]\nservices: { a: { ports: [[80]], volumes: [[x]], env_file: { a: b } } }\n",
        "services: { a: { ports: [x, '70000'], profiles: x, extra_hosts: 1, image: [a], build: } }\ninclude: x\n",
    ],
)
@pytest.mark.parametrize("values", [None, {}])
def test_what_has_a_wrong_shape_is_left_for_compose_to_judge(
    text: str, values: dict[str, str] | None, tmp_path: Path
) -> None:
    assert application(tmp_path, text, values=values) is not None


def test_things_stand_where_they_are_declared_last(tmp_path: Path) -> None:
    files = {
        "compose.yml": "services:\n  a:\n    image: a\n    container_name: aa\n    ports: ['80:80']\n  b: { image: b }",
        "more/over.yml": "services:\n  a: { container_name: other }\nvolumes:\n  data: { name: d }\n",
    }
    found = application(tmp_path, files, "compose.yml", "more/over.yml")
    service = found.services["a"]
    assert str(service.mark) == "more/over.yml:2:3"
    assert str(service.container_name_mark) == "more/over.yml:2:24"
    assert str(service.ports[0].mark) == "compose.yml:5:13"
    assert str(found.services["b"].mark) == "compose.yml:6:3"
    assert str(found.volumes["data"].mark) == "more/over.yml:4:3"


def test_relative_paths_are_the_first_files_but_an_inline_document_has_the_specs(tmp_path: Path) -> None:
    job = "services: {{ job: {{ image: {} }} }}\n"
    files = {
        "app/compose.yml": "services: { a: { extends: { file: lib.yml, service: job } } }\n",
        "app/lib.yml": job.format("app"),
        "over/over.yml": "services: { b: { extends: { file: lib.yml, service: job }, env_file: e.env } }\n",
        "over/lib.yml": job.format("over"), "lib.yml": job.format("spec"), "app/e.env": "A=app\n", "e.env": "A=spec\n",
    }  # fmt: skip
    own = inline("services: { c: { extends: { file: lib.yml, service: job }, env_file: [e.env] } }\n")
    services = application(tmp_path, files, "app/compose.yml", "over/over.yml", own).services
    assert [services[name].image for name in "abc"] == ["app", "app", "spec"]
    assert [services[name].environment for name in "bc"] == [{"A": "app"}, {"A": "spec"}]


FAST = """\
services:
  app: { image: app, depends_on: [proxy, db] }
  db: { image: "db" }
  proxy: { image: IMAGE, ENV }
  tests: { image: t, depends_on: { proxy: { condition: service_started } }, links: ["proxy:fast", db] }
"""


@pytest.mark.parametrize(
    ("image", "environment", "is_fast"),
    [
        ("wallarm/fast", "x-a: 1", True),
        ("'registry.example:5000/mirror/wallarm/fast:2.1'", "x-a: 1", True),
        ("docker.io/wallarm/fast@sha256:abc", "x-a: 1", True),
        ("'${REGISTRY}wallarm/fast'", "x-a: 1", True),
        ("'${REGISTRY}/wallarm/fast:${TAG}'", "x-a: 1", True),
        ("'${FAST_IMAGE:-wallarm/fast:2}'", "x-a: 1", True),
        ("'${FAST_IMAGE:-own}'", "x-a: 1", False),
        ("'${FAST_IMAGE'", "x-a: 1", False),
        ("own", "environment: [CI_MODE]", True),
        ("own", "environment: { CI_MODE: '${MODE:-recording}' }", True),
        ("own", "env_file: mode.env", True),
        ("own", "env_file: [{ path: token.env }, { path: mode.env, required: false }]", True),
        ("own", "environment: [WALLARM_API_TOKEN]", False),
        ("own", "environment: { CI: x, CI_MODES: x }", False),
        ("own", "env_file: '${FAST_ENV:-mode.env}'", True),
        ("own", "env_file: '${FAST_ENV}'", False),
        ("own", "env_file: token.env", False),
        ("wallarm/fast-cli", "x-a: 1", False),
        ("mywallarm/fast", "x-a: 1", False),
        ("'wallarm/node:5.1.0'", "environment: { WALLARM_API_TOKEN: x }", False),
        ("'registry.example:5000/wallarm/node:${TAG}'", "environment: { WALLARM_API_TOKEN: x, CI_MODE: y }", False),
    ],
)
def test_fast_services_are_left_out_with_what_depends_on_them(
    image: str, environment: str, is_fast: bool, tmp_path: Path
) -> None:
    files = {
        "compose.yml": FAST.replace("IMAGE", image).replace("ENV", environment),
        "token.env": "WALLARM_API_TOKEN=x\n",
        "mode.env": "CI_MODE=recording\n",
    }
    found = without_fast(application(tmp_path, files))
    assert found.left_out == (("proxy",) if is_fast else ())
    assert ("proxy" in found.services) != is_fast
    assert set(found.services["app"].depends_on) == ({"db"} if is_fast else {"db", "proxy"})
    assert found.services["tests"].links == (("db",) if is_fast else ("proxy:fast", "db"))
    assert found.services["tests"].cut == (("depends_on", "links") if is_fast else ())
    assert found.cut_off == ()


def test_what_services_share_with_a_fast_service_is_left_out_with_it(tmp_path: Path) -> None:
    text = """\
services:
  fast: { image: wallarm/fast }
  tests: { image: t, network_mode: "service:fast", ipc: "service:app" }
  watcher: { image: w, pid: "service:fast", ipc: "service:fast", volumes_from: ["fast:ro", app, "container:fast"] }
  app: { image: a, networks: [n], pid: host }
networks: { n: }
"""
    found = without_fast(application(tmp_path, text))
    tests, watcher = found.services["tests"], found.services["watcher"]
    assert (tests.cut, watcher.cut) == (("network_mode",), ("volumes_from", "ipc", "pid"))
    assert (tests.joined, watcher.joined) == ({"ipc": "app"}, {})
    assert watcher.volumes_from == ("app", "container:fast")
    assert watcher.needs == ("app",)
    assert (tests.network_mode, tuple(tests.networks)) == (None, ("default",))
    assert found.cut_off == ("network_mode of tests", "volumes_from of watcher", "ipc of watcher", "pid of watcher")


def test_what_services_need_and_how_they_are_reached(tmp_path: Path) -> None:
    text = """\
services:
  a: { image: a, depends_on: [b], networks: { n: { aliases: [al] } }, container_name: aa, hostname: ha,
       extra_hosts: ["x:1"] }
  b: { image: b, links: ["c:cc"], networks: [n, m] }
  c: { image: c, network_mode: "service:d" }
  d: { image: d, profiles: [p] }
networks: { n: { internal: true }, m: }
"""
    found = application(tmp_path, text)
    assert found.closure(["a"]) == ("a", "b", "c", "d")
    assert found.closure(["c", "nothing"]) == ("c", "d")
    assert found.enabled == ("a", "b", "c")
    assert found.networks_of(["a", "b", "c", "d"]) == ("n", "m", "default")
    assert {"a", "al", "aa", "ha", "x"} <= found.names_of(["a"])
    assert found.networks["n"].is_internal
    assert not found.networks["default"].is_internal


def test_a_file_that_a_variable_names_is_read_where_there_are_values(tmp_path: Path) -> None:
    files = {"ci.yml": "services: { app: { image: a } }"}
    inline_one = inline("services: { tests: { image: t } }")
    alone, beside = (
        application(tmp_path, files, Symbolic("${STAGE}.yml")),
        application(tmp_path, files, inline_one, Symbolic("$STAGE.yml")),
    )
    assert (tuple(alone.services), alone.unread) == ((), ("${STAGE}.yml contains a variable",))
    assert (tuple(beside.services), beside.unread) == (("tests",), ("$STAGE.yml contains a variable",))
    (tmp_path / "$a.yml").write_text("services: { dollar: { image: a } }")
    assert tuple(application(tmp_path, files, "$a.yml", values={"a": "x"}).services) == ("dollar",)


NAMED_BY_PROJECT = """
services: { app: { image: a, container_name: "${COMPOSE_PROJECT_NAME:-shop}-app", volumes: ["data:/d"] } }
networks: { default: { name: "${COMPOSE_PROJECT_NAME}_net" }, other: { name: "net-$NAME", external: true } }
volumes: { data: { name: "$COMPOSE_PROJECT_NAME-data" }, kept: { name: "data-${NAME}" } }
"""


@pytest.mark.parametrize("values", [None, {"COMPOSE_PROJECT_NAME": "shop", "NAME": "1"}])
def test_what_is_named_by_the_project_has_no_name_of_its_own(values: dict[str, str] | None, tmp_path: Path) -> None:
    files = {"compose.yml": NAMED_BY_PROJECT, ".env": "COMPOSE_PROJECT_NAME=shop\n"}
    found = application(tmp_path, files, values=values)
    assert "$" in (found.services["app"].container_name or "")
    assert (found.networks["default"].name, found.volumes["data"].name) == (None, None)
    known = values is not None
    assert found.networks["other"].name == ("net-1" if known else "net-$NAME")
    assert found.volumes["kept"].name == ("data-1" if known else "data-${NAME}")


@pytest.mark.parametrize(
    ("values", "enabled"),
    [
        (None, ("a",)),
        ({}, ("a", "b")),
        ({"COMPOSE_PROFILES": "q, r"}, ("a", "c")),
        ({"COMPOSE_PROFILES": ""}, ("a",)),
        ({"COMPOSE_PROFILES": "*"}, ("a", "b", "c")),
    ],
)
def test_compose_profiles_enable_services_wherever_they_are_set(
    values: dict[str, str] | None, enabled: tuple[str, ...], tmp_path: Path
) -> None:
    text = "services: { a: { image: a }, b: { image: b, profiles: [p] }, c: { image: c, profiles: [o, r] } }\n"
    files = {"app/compose.yml": text, "app/.env": "COMPOSE_PROFILES=p\n"}
    assert application(tmp_path, files, "app/compose.yml", values=values).enabled == enabled


def test_workflows_share_what_was_read_unless_a_variable_of_theirs_is_in_it(tmp_path: Path) -> None:
    files = {
        "plain.yml": "services: { app: { image: 'a:1' } }\n",
        "own.yml": "include: [more.yml]\nservices: { app: { image: 'a:${browser}-${TAG}' } }\n",
        "more.yml": "services: { db: { image: 'd:${shard:-none}', environment: { B: '$$x', C: '${OTHER}' } } }\n",
        "passed.yml": "services: { app: { image: a, env_file: app.env } }\n",
        "app.env": "browser\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def read(known: ComposeFiles, name: str, **own: str) -> Application:
        found = known.read(file_sources([name], [MARK]), own).application
        assert found is not None
        return found

    for values in (None, {"TAG": "7", "browser": "environment", "shard": "environment"}):
        known = ComposeFiles(tmp_path, values)
        assert read(known, "plain.yml", browser="chrome") is read(known, "plain.yml", browser="firefox")
        chrome = read(known, "own.yml", browser="chrome", shard="1", other="x")
        assert chrome is read(known, "own.yml", browser="chrome", shard="1", other="y")
        assert chrome is not read(known, "own.yml", browser="chrome", shard="2", other="x")
        tag = "${TAG}" if values is None else "7"
        assert [service.image for service in chrome.services.values()] == ["d:1", f"a:chrome-{tag}"]
        other = {"B": "$$x", "C": "${OTHER}"} if values is None else {"B": "$x", "C": ""}
        assert chrome.services["db"].environment == other
    known = ComposeFiles(tmp_path, {})
    passed = [read(known, "passed.yml", browser=name).services["app"].environment for name in ("chrome", "firefox")]
    assert passed == [{"browser": "chrome"}, {"browser": "firefox"}]
