"""Which service tests and which is attacked: never a helper of the tests; and every guess is marked."""

from pathlib import Path

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan.making import Selection

from .applications import findings, spec_of

PROXIED = "environment: { http_proxy: 'http://fast:8080' }"


def guessed(services: str, directory: Path, fast: str = "") -> tuple[str | None, str | None]:
    """The source and the target of the spec that `init` makes."""
    fast = f"fast: {{ image: wallarm/fast{fast and ', ' + fast} }}"
    text = spec_of(f"services:\n  {fast}\n  {services}\n", directory)
    (facts,) = check([SpecText("fastflow.yml", directory, text.encode())], None).specs
    phases = plan(facts, directory, Selection()).phases
    sources = [getattr(one, "service", None) for one in phases["web.record"].sources]
    return (sources[0] if sources else None), getattr(phases["web.test"].node, "test_run_uri", None)


@pytest.mark.parametrize(
    ("services", "source", "target"),
    [
        # a browser with ports, which nobody is said to need; the application is called app-test
        (
            f"app-test: {{ image: a, ports: ['18160:3000'] }}\n  selenium: {{ image: s, ports: ['4444'], {PROXIED} }}",
            None,
            "http://app-test:3000",
        ),
        # a browser without ports; the tests name the node in their command
        (
            f"web: {{ image: a }}\n  selenium: {{ image: s, {PROXIED} }}\n"
            "  test: { image: t, command: [sh, -c, 'http_proxy=http://fast:8080 curl http://web/?a=1'] }",
            "test",
            "http://web",
        ),
        # by its image alone, and only named in a URL
        (
            f"hub: {{ image: 'selenium/standalone-chrome:4', {PROXIED} }}\n  app: {{ image: a, expose: [8000] }}\n"
            "  runner: { image: r, environment: { REMOTE: 'http://hub:4444/wd/hub', APP: 'http://app:8000' } }",
            "runner",
            "http://app:8000",
        ),
        # no name says it: it is proxied, and another service needs it
        (
            f"driver: {{ image: d, {PROXIED} }}\n  app: {{ image: a, ports: ['80:80'] }}\n"
            "  job: { image: j, depends_on: [driver, app] }",
            "job",
            "http://app",
        ),
        # an application with a proxy of its own, and a variable that only sounds like one
        (
            "app: { image: a, ports: ['1:80'], environment: { TRUST_PROXY: '1', http_proxy: 'http://corp:3128' } }\n"
            f"  tests: {{ image: t, depends_on: [app], {PROXIED} }}",
            "tests",
            "http://app",
        ),
        # what keeps data is not attacked
        (
            f"db: {{ image: 'postgres:16' }}\n  cache: {{ image: 'library/redis' }}\n  api: {{ image: a }}\n"
            f"  tests: {{ image: t, depends_on: [db, cache, api], {PROXIED} }}",
            "tests",
            "http://api",
        ),
        # what the tests need needs it
        (
            f"api: {{ image: a }}\n  chrome: {{ image: c, depends_on: [api], {PROXIED} }}\n"
            "  e2e: { image: t, depends_on: [chrome] }",
            "e2e",
            "http://api",
        ),
        # HTTPS alone
        (f"app: {{ image: a, ports: ['8443:443'] }}\n  tests: {{ image: t, {PROXIED} }}", "tests", "https://app"),
        # tests that publish a port all the same
        (
            f"app: {{ image: a, expose: [1] }}\n  tests: {{ image: t, ports: ['9'], depends_on: [app], {PROXIED} }}",
            "tests",
            "http://app:1",
        ),
    ],
)  # fmt: skip
def test_helpers_of_the_tests_are_neither_source_nor_target(
    services: str, source: str | None, target: str | None, tmp_path: Path
) -> None:
    assert guessed(services, tmp_path) == (source, target)


def test_every_guess_is_marked(tmp_path: Path) -> None:
    services = (
        "fast-1: { image: wallarm/fast, environment: { BUILD_ID: a1 } }\n"
        "  fast-2: { image: wallarm/fast, environment: { BUILD_ID: b2, CI_MODE: '${MODE}' } }\n"
        "  tester: { image: wallarm/fast, environment: { BUILD_ID: b2, CI_MODE: testing } }\n"
        "  second: { image: wallarm/fast, environment: { BUILD_ID: b2, CI_MODE: testing } }\n"
        "  tests-1: { image: t, depends_on: [app], environment: { http_proxy: 'http://fast-1:8080' } }\n"
        "  tests-2: { image: t, depends_on: [app], environment: { http_proxy: 'http://fast-2:8080' } }\n"
        "  app: { image: a }\n"
    )
    lines = [line.strip() for line in spec_of(f"services:\n  {services}", tmp_path).splitlines()]
    guesses = ("mode: recording", "source:", "services:", "test_run_uri:", "depends_on:")
    for at, line in enumerate(lines):
        if line.startswith(guesses):
            assert lines[at - 1].startswith("# Guessed"), "\n".join(lines)


def test_variables_that_are_not_set_are_blank_as_in_compose(tmp_path: Path) -> None:
    compose = """\
services:
  app: { image: a, healthcheck: { test: "true" }, ports: ["${P:-8000}:3000"] }
  fast:
    image: wallarm/fast
    environment:
      WALLARM_API_TOKEN: ${TOKEN}
      WALLARM_API_HOST: $API_HOST
      CI_MODE: recording
      ALLOWED_HOSTS: ${HOSTS}
      WORKERS: ${WORKERS}
      INACTIVITY_TIMEOUT: ${A:-${B}}
      TEST_RUN_NAME: run $$1 of ${NAME}
      TEST_RUN_URI: ${URI}
      PROCESSES: ${PROCESSES}
      FILE_EXTENSIONS_TO_EXCLUDE: ${EXCLUDED}
      OTHER: x${OTHER}
    hostname: h${HOST_NUMBER}
    labels: ["one=${LABEL}"]
  tests: { image: t, environment: { http_proxy: "http://fast:8080" } }
"""
    text = spec_of(compose, tmp_path)
    unset = {"TOKEN": "x", "FASTFLOW_CI_ID": "ci1", "FASTFLOW_RUN_ID": "r1"}
    checked = check([SpecText("fastflow.yml", tmp_path, text.encode())], unset)
    # Without hosts every one is recorded and attacked, as by the Compose file.
    assert [found.rule for found in checked.diagnostics] == ["scope-open"]
    (facts,) = checked.specs
    phases = plan(facts, tmp_path, Selection()).phases
    record, test = phases["web.record"], phases["web.test"]
    assert "ALLOWED_HOSTS" not in record.environment
    assert "TEST_RUN_URI" not in test.environment
    assert test.environment["TEST_RUN_NAME"] == "run $1 of "
    assert record.environment["OTHER"] == "x"
    assert record.node.container is not None
    assert getattr(record.node.container.get("hostname"), "text", None) == "h"


def test_what_an_env_file_sets_is_kept_but_for_secrets(tmp_path: Path) -> None:
    lines = ["REVERSE_PROXY=true", "DB_PASSWORD=hunter2hunter2", "WORKERS=4", "WALLARM_API_HOST=api.wallarm.com"]
    (tmp_path / "fast.env").write_text("\n".join(lines), encoding="utf-8")
    text = spec_of("services: { fast: { image: wallarm/fast, env_file: fast.env, environment: { A: b } } }", tmp_path)
    assert "hunter2" not in text
    for line in (
        "A: b",
        "REVERSE_PROXY: true",
        "DB_PASSWORD: ${DB_PASSWORD:-}",
        "workers: 4",
        "api_host: api.wallarm.com",
    ):
        assert f" {line}\n" in text
    assert "not kept" not in text


def test_a_target_without_a_scheme_gets_one(tmp_path: Path) -> None:
    compose = "services: { app: { image: a }, fast: { image: wallarm/fast, environment: { TEST_RUN_URI: 'app:80' } } }"
    text = spec_of(compose, tmp_path)
    assert "test_run_uri: http://app:80\n" in text
    assert [found for found in findings(text, tmp_path) if found.rule == "invalid-value"] == []
