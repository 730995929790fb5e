"""What fastflow reads offline of an application's Compose files is what Docker Compose makes of them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fastflow.application.documents import FileSource
from fastflow.application.model import Application, Service
from fastflow.application.needs import services_of_phase, services_to_enable, without_fast
from fastflow.application.reader import ComposeFiles
from fastflow.compose import compile_project
from fastflow.diagnostic import Mark
from fastflow.model.node import ReportNode
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan.making import Selection
from fastflow.settings import RunSettings
from fastflow.spec.reader import read_plain
from tests.e2e.compose_cases import CASES, FILES, SINCE, VALUES
from tests.e2e.conftest import engine_environment

pytestmark = pytest.mark.e2e
PROJECT = "agreement"
Facts = dict[str, Any]
DATED = [pytest.param(case, marks=pytest.mark.compose_since(SINCE[case]) if case in SINCE else ()) for case in CASES]


def write(case: str, directory: Path) -> list[str]:
    """Write a case's files; return those that are merged."""
    files = CASES[case]
    for name, text in ({"compose.yml": files} if isinstance(files, str) else files).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return FILES.get(case, ["compose.yml"])


def compose(directory: Path, *arguments: str, text: str | None = None) -> str:
    command = ["docker", "compose", "--project-name", PROJECT, *arguments]
    environment = {**engine_environment(), **VALUES}
    done = subprocess.run(
        command, cwd=directory, env=environment, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def offline(directory: Path, names: list[str]) -> Application:
    mark = Mark("f.yml", 1, 1, 1, 1)
    reading = ComposeFiles(directory, {**engine_environment(), **VALUES}).read(
        [FileSource(name, mark) for name in names]
    )
    assert not reading.diagnostics
    assert reading.application is not None
    assert reading.application.is_complete
    return reading.application


def span(text: str | None) -> tuple[int, int] | None:
    """A port or a range of ports; 0 and nothing are any."""
    if text in (None, "", "0"):
        return None
    first, _, last = str(text).partition("-")
    return int(first), int(last or first)


def ports_of(service: Service) -> set[Any]:
    """The ports, one entry for each port in the container, as Compose lists them."""
    found = set()
    for port in service.ports:
        first, last = port.container
        for at in range(last - first + 1):
            host = (port.host[0] + at, port.host[0] + at) if port.host and last > first else port.host
            found.add((first + at, host, port.address, port.protocol))
    return found


def what_fastflow_reads(application: Application) -> dict[str, Facts]:
    return {
        name: {
            "image": service.image,
            "build": service.has_build,
            "environment": dict(service.environment),
            "ports": ports_of(service),
            "container_name": service.container_name,
            "hostname": service.hostname,
            "networks": {network: set(one.aliases) for network, one in service.networks.items()},
            "network_mode": service.network_mode,
            "needs": set(service.needs),
            "conditions": dict(service.depends_on),
            "healthcheck": service.has_healthcheck,
            "profiles": set(service.profiles),
            "extra_hosts": set(service.extra_hosts),
            "volumes": set(service.volumes),
            "restart": service.restart,
        }
        for name, service in application.services.items()
    }


def port_of(port: Facts) -> Any:
    return port["target"], span(port.get("published")), port.get("host_ip"), port.get("protocol", "tcp")


def unescaped(environment: Facts) -> Facts:
    """`config` writes what can be read again: `$$` for a dollar sign."""
    return {name: None if value is None else value.replace("$$", "$") for name, value in environment.items()}


def has_healthcheck(check: Facts) -> bool:
    return not check.get("disable") and bool(check.get("test")) and check["test"][0] != "NONE"


def what_compose_makes(config: Facts, read: dict[str, Facts]) -> dict[str, Facts]:
    found = {}
    for name, service in config.get("services", {}).items():
        depends = {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        declared = read.get(name, {}).get("conditions", {})
        found[name] = {
            "image": service.get("image"),
            "build": "build" in service,
            "environment": unescaped(service.get("environment") or {}),
            "ports": {port_of(port) for port in service.get("ports", [])},
            "container_name": service.get("container_name"),
            "hostname": service.get("hostname"),
            "networks": {
                key: set((one or {}).get("aliases") or []) for key, one in service.get("networks", {}).items()
            },
            "network_mode": service.get("network_mode"),
            "needs": set(depends),
            # Compose adds what links, volumes_from and the like imply.
            "conditions": {other: how for other, how in depends.items() if other in declared},
            "healthcheck": has_healthcheck(service.get("healthcheck", {})),
            "profiles": set(service.get("profiles", [])),
            "extra_hosts": {host.partition("=")[0] for host in service.get("extra_hosts", [])},
            "volumes": {
                one["source"] for one in service.get("volumes", []) if one["type"] == "volume" and one.get("source")
            },
            "restart": service.get("restart"),
        }
    return found


def named(resources: Facts | None) -> dict[str, Any]:
    """Networks or volumes as Compose has them: whether external, internal, and the name where one is written."""
    return {
        key: (
            bool(one.get("external")),
            bool(one.get("internal")),
            None if one["name"] == f"{PROJECT}_{key}" else one["name"],
        )
        for key, one in (resources or {}).items()
    }


@pytest.mark.parametrize("case", DATED)
def test_the_application_is_what_compose_makes_of_it(case: str, tmp_path: Path) -> None:
    names = write(case, tmp_path)
    application = offline(tmp_path, names)
    files = [part for name in names for part in ("-f", name)]
    config = json.loads(compose(tmp_path, "--profile", "*", *files, "config", "--format", "json"))
    read = what_fastflow_reads(application)
    expected = what_compose_makes(config, read)
    assert list(read) == sorted(read, key=list(read).index)
    assert read.keys() == expected.keys()
    for name, facts in expected.items():
        assert read[name] == facts, name
    networks = {key: (one.is_external, one.is_internal, one.name) for key, one in application.networks.items()}
    volumes = {key: (one.is_external, False, one.name) for key, one in application.volumes.items()}
    for ours, theirs in ((networks, named(config.get("networks"))), (volumes, named(config.get("volumes")))):
        # Compose leaves out what no service uses.
        assert {key: ours.get(key) for key in theirs} == theirs


@pytest.mark.parametrize("case", DATED)
def test_the_services_that_start_are_those_that_compose_starts(case: str, tmp_path: Path) -> None:
    names = write(case, tmp_path)
    files = [part for name in names for part in ("-f", name)]
    services = json.loads(compose(tmp_path, *files, "config", "--format", "json"))["services"]
    scales = {name: one.get("scale", one.get("deploy", {}).get("replicas", 1)) for name, one in services.items()}
    application = offline(tmp_path, names)
    started = services_of_phase(application, ReportNode(mode="report"), frozenset())
    assert set(started) == {name for name, scale in scales.items() if scale != 0}


def test_a_dependency_that_stays_keeps_all_it_says(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(
        "services:\n  fast: { image: wallarm/fast }\n  own: { image: own, environment: [CI_MODE] }\n"
        "  db: { image: db }\n"
        "  a: { image: a, depends_on: { fast: { condition: service_started },"
        " db: { condition: service_started, required: false, restart: true } } }\n"
        "  b: { image: b, depends_on: [own, db, fast] }\n  c: { image: c, depends_on: [fast] }\n",
        encoding="utf-8",
    )
    services = config_of(tmp_path, "compose.yml")["services"]
    assert services["a"]["depends_on"] == {"db": {"condition": "service_started", "required": False, "restart": True}}
    assert list(services["b"]["depends_on"]) == ["db"]
    assert not services["c"].get("depends_on")


SPEC = """\
workflows:
  w:
    build_id: 1
    compose: FILES
    publish: none
    nodes:
      record: { mode: recording, source: { run: "true" }, container: { mem_limit: 64m } }
      test: { mode: testing }
"""


@pytest.mark.parametrize("case", DATED)
def test_compose_accepts_what_fastflow_makes_of_it(case: str, tmp_path: Path) -> None:
    config = config_of(tmp_path, listed(write(case, tmp_path)))
    compose(tmp_path, "-f", "-", "config", "-q", text=json.dumps(config))
    application = without_fast(offline(tmp_path, FILES.get(case, ["compose.yml"])))
    services = config["services"]
    enabled = services_to_enable(application, ())
    assert set(services) == {*enabled, "fast-record", "fast-test"}
    for name in enabled:
        assert "ports" not in services[name]
        assert "container_name" not in services[name]
        assert services[name]["labels"]["io.fastflow.workflow"] == "w"
    assert services["fast-record"]["ports"][0]["host_ip"] == "127.0.0.1"
    assert int(services["fast-record"]["mem_limit"]) == 64 * 1024 * 1024


def test_nothing_of_a_service_that_is_left_out_reaches_the_node_of_its_name(tmp_path: Path) -> None:
    """Neither from the file, nor from one that it includes or extends, nor from a later file."""
    case = "FAST services with the names of nodes"
    config = config_of(tmp_path, listed(write(case, tmp_path)))
    assert set(config["services"]) == {"app", "db", "fast-record", "fast-test"}
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "compose.yml").write_text("services: { app: { image: app }, db: { image: db } }\n", encoding="utf-8")
    assert config["services"] == config_of(plain, "compose.yml")["services"]


def listed(names: list[str]) -> str:
    return f"[{', '.join(names)}]"


def config_of(tmp_path: Path, files: str) -> Facts:
    """What Docker Compose makes of a spec over these files."""
    values = {**engine_environment(), **VALUES}
    text = SpecText("fastflow.yml", tmp_path, SPEC.replace("FILES", files).encode())
    (facts,) = check([text], values).specs
    planned = plan(facts, tmp_path, Selection())
    project = compile_project(planned, planned.workflows["w"], RunSettings("run1", "fastflow.yml"))
    options = []
    for at, source in enumerate(project.sources):
        written = getattr(source, "text", None)
        path = tmp_path / f"own{at}.yml" if written is not None else Path(getattr(source, "path", ""))
        if written is not None:
            path.write_text(written, encoding="utf-8")
        options += ["-f", str(path)]
    config: Facts = read_plain(compose(tmp_path, "--project-directory", project.directory, *options, "config"))
    return config


INLINE = """
include: [{ path: inc/inc.yml, env_file: inc.env }, inc/more.yml, { path: [./inc/third.yml], project_directory: lib }]
services:
  app:
    build:
      context: .
      dockerfile: Dockerfile.app
      additional_contexts: { shared: ./lib, bare: lib, web: "https://example.invalid/x.git", of: "service:other", image: "docker-image://x" }
      ssh: [default, "one=./id_rsa", two=keys/id]
    env_file: [./a.env, { path: inc.env, required: false }]
    label_file: ./labels.env
    credential_spec: { file: ./cred.json }
    develop: { watch: [{ path: ./src, action: sync, target: /src }, { path: lib, action: rebuild }] }
    volumes: ["v:/v", "~/x:/x", "./d:/d:ro", ".:/all", "../up:/up", "/abs:/abs", /anonymous, { type: bind, source: data, target: /data }, { type: volume, source: v, target: /w }, { type: bind, source: ./more, target: /more }, "./${TAG}:/t"]
    secrets: [s]
    configs: [c]
  other: { extends: { file: lib/base.yml, service: base }, build: ./other, env_file: a.env, volumes: !override ["./o:/o"] }
  third: { build: { context: "https://example.invalid/y.git", additional_contexts: [one=./lib, two=docker-image://y], ssh: { k: ./id } }, label_file: [labels.env, ./more.env] }
volumes:
  v: { driver_opts: { type: none, o: bind, device: ./data } }
  w: { driver: local, driver_opts: { type: none, o: bind, device: data } }
  x: { driver: local, driver_opts: { type: nfs, o: addr=1.2.3.4, device: ":/x" } }
  y: { driver: other, driver_opts: { o: bind, device: ./data } }
secrets: { s: { file: ./secret.txt }, s2: { file: secret2.txt }, s3: { environment: TAG } }
configs: { c: { file: ./c.txt }, c2: { content: ./text } }
"""  # noqa: E501
BESIDE = {
    "sub/compose.yml": "services: { app: { image: app }, tests: { image: t, volumes: ['w:/w', 'x:/x', 'y:/y'] } }\n",
    "lib/base.yml": "services: { base: { image: base, volumes: ['./of-lib:/l'] } }\n",
    "inc/inc.yml": "services: { i: { image: 'i:${I}', volumes: ['./i:/i'] } }\n",
    "inc/more.yml": "services: { m: { image: m, build: . } }\n",
    "inc/third.yml": "services: { n: { image: n, env_file: n.env } }\n",
    "inc.env": "I=7\n", "a.env": "A=$TAG\n", "labels.env": "l=1\n", "more.env": "m=1\n", "lib/n.env": "N=1\n",
    "src/x": "", "cred.json": "{}", "secret.txt": "", "secret2.txt": "", "c.txt": "", "id_rsa": "", "keys/id": "",
}  # fmt: skip
WORKSPACES = ["plain", "a blank", "job@2", "feature%2Fx", "pa$TAG $$ ${TAG} $", 'ärger\'s "q" #1']


@pytest.mark.compose_since("2.33")  # knows `label_file`
@pytest.mark.parametrize("workspace", WORKSPACES)
def test_paths_of_an_inline_document_are_taken_from_the_directory_of_the_spec(workspace: str, tmp_path: Path) -> None:
    base = tmp_path / workspace
    for name, text in {**BESIDE, "inline.yml": INLINE}.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(text, encoding="utf-8")
    inline = "".join(f"        {line}\n" for line in INLINE.strip().splitlines())
    config = config_of(base, f"\n      - sub/compose.yml\n      -\n{inline}")
    files = ("-f", "sub/compose.yml", "-f", "inline.yml")
    meant = read_plain(compose(base, "--project-directory", str(base), *files, "config"))
    # Without the driver, Compose leaves a path that no engine can mount.
    meant["volumes"]["v"]["driver_opts"]["device"] = str(base / "data").replace("$", "$$")
    for one in (config, meant):
        one["services"]["app"]["build"]["ssh"].sort()  # Compose's order is any
    for kind in ("services", "volumes", "secrets", "configs"):
        for name, wanted in meant[kind].items():
            found = config[kind][name]
            for facts in (found, wanted):
                for key in ("labels", "networks", "name"):
                    facts.pop(key, None)
                facts.get("build", {}).pop("labels", None)
            assert found == wanted, f"{kind}.{name}"
