"""Specs without a fault of their form, for tests of the schema and for properties."""

from pathlib import Path
from typing import Any

import yaml

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("fastflow.yml"))
FULL = """\
name: 007
x-anchors: [&hosts { h: { context: c } }]
include: ~
cloud: { token: "${T:?set it}", api_host: api.wallarm.com, use_ssl: true, ca_verify: "${V:-false}", query: ~ }
max_parallel: "4"
concurrency: { wait: 1h, cancel_in_progress: "true", x-a: 1 }
hosts: { local: { context: default }, far: { docker_host: ssh://far, max_parallel: 2, x-a: b } }
checks: { scope-open: off, image-unpinned: error, source-missing: "${LEVEL:-warning}" }
defaults:
  image: wallarm/fast:1
  environment: { A: 1, B: on, C: }
  services: { app: { log: "up$$", timeout: 1m } }
  test_run_rps: 10
  container: { mem_limit: 1g, x-own: [1] }
  x-b: 1
workflows:
  web:
    build_id: 1e5
    cloud: { token: $OTHER }
    compose: [docker-compose.yml, { services: { app: { image: a, ports: !override [80] } } }]
    publish: none
    host: [local, far]
    timeout: 2h
    x-c: {}
    nodes:
      record:
        mode: recording
        build_id: 0123
        ports: [8080, "127.0.0.1::8080", { target: 8080, published: "80" }]
        container_name: 12:30
        alias: proxy
        networks: [default]
        services: [app, db]
        fresh: [db]
        depends_on: ["api.rep*", record2]
        allow_failure: false
        attempts: 3
        workers: 20
        ready: { log: starts, timeout: 90 }
        source:
          - { service: tests, command: [a, 1], environment: [A=1, B], timeout: 1h30m, allow_failure: true }
          - { run: "newman run ${X}", working_dir: ., environment: { A: 1 } }
        allowed_hosts: [app, .example.com]
        test_record_name: yes
        inactivity_timeout: 192h
        backend_https_ports: [443, 8443]
        ca_cert: /a
        ca_key: /b
      record2: { mode: recording, source: { run: x }, allowed_hosts: app, fresh: true, backend_https_ports: 443 }
  api:
    compose: { services: { app: { image: a }, db: { image: b } } }
    host: any
    publish: ~
    nodes:
      test:
        mode: testing
        build_id: api1
        test_record: web.record
        gate: { threat: 50, accept: known.yml }
        reports: out
        test_run_name: 1.0
        test_run_desc: null
        test_run_policy_id: 215
        test_run_stop_on_first_fail: true
        test_run_uri: http://app:3000
        file_extensions_to_exclude: [jpg, png]
        processes: auto
        git_extensions: https://git.example/x
        depends_on: { web.record: , web.record2: { condition: passed } }
        services: { app: , db: { log: x } }
      test2: { mode: testing, build_id: api2, gate: off, test_record_id: rec_1, processes: 4, timeout: $T, alias: $A }
      report: { mode: report, test_run_id: tr_1, reports: out, environment: [X=1], services: [] }
  cells:
    matrix:
      a: [x, 1, on]
      b_1: [1.0]
      exclude: [{ a: on }]
      include: [{ a: x, c: 07, x-e: f }, { a: z, b_1: 2 }]
      x-d: 1
    compose: { services: { app: { image: "a:${a}" } } }
    build_id: "cells${a}${b_1:+v}"
    nodes:
      test: { mode: testing, test_record_id: rec_1, processes: "${c:-1}", test_run_uri: "http://app.example" }
"""
SMALL = "workflows: { w: { nodes: { r: { mode: recording, source: { run: a } }, t: { mode: testing } } } }\n"


class Editor(yaml.SafeLoader):
    """YAML as editors hand it to a schema: YAML 1.1's scalars, dates as texts, Compose's tags ignored."""


Editor.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Editor.add_constructor("!override", lambda _, __: [])


class NewEditor(Editor):
    """The same for YAML 1.2: only `true` and `false` are truth values."""


NewEditor.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("bool") or first in "tf"]
    for first, resolvers in Editor.yaml_implicit_resolvers.items()
}
COMPOSE = "services: { app: { image: a }, db: { image: b, volumes: ['v:/x'] }, tests: { image: t } }\nvolumes: { v: }\n"
"""What `docker-compose.yml` beside these specs may be."""
GOOD = {"full": FULL, "small": SMALL, **{str(path): path.read_text(encoding="utf-8") for path in EXAMPLES}}


def as_editors_read(text: str, loader: type[Editor] = Editor) -> Any:
    """Read a spec as an editor does."""
    return yaml.load(text, Loader=loader)  # a safe loader
