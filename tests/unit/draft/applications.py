"""Compose files with FAST services, written by hypothesis, and what `init` makes of a file."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fastflow.application.documents import FileSource
from fastflow.application.reader import ComposeFiles
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.draft.from_compose import spec_from
from fastflow.pipeline import SpecText, check
from fastflow.spec.writer import as_mapping, dump

COMPOSE = "docker-compose.yml"
SECRET = "s3cr3t-token-value"


def findings(text: str, directory: Path) -> tuple[Diagnostic, ...]:
    """What the checks say of a spec in a directory."""
    return check([SpecText("fastflow.yml", directory, text.encode())], None).diagnostics


def spec_of(compose: str, directory: Path) -> str:
    """The spec that `init --from` makes of a Compose file."""
    (directory / COMPOSE).write_text(compose, encoding="utf-8")
    reading = ComposeFiles(directory).read([FileSource(COMPOSE, Mark("", 1, 1, 1, 1))])
    assert reading.tree is not None
    assert reading.application is not None
    return spec_from(reading.tree, reading.application, (COMPOSE,), lambda text: findings(text, directory))


WORDS = st.sampled_from(["a", "007", "on", "1e5", "x y", "${V}", "$V", "${V:-d}", "$$", "{", "a: b", "#", "", "é", "'"])
TEXTS = WORDS | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cn", "Cc"]), max_size=8)
SPECIFIC: dict[str, list[str | None]] = {
    "WALLARM_API_TOKEN": [None, "$WALLARM_API_TOKEN", "${T:?say}", "${T:-d}", SECRET],
    "WALLARM_API_HOST": ["api.wallarm.com", "$HOST"],
    "WALLARM_API_USE_SSL": ["true", "yes"],
    "WALLARM_OTHER": ["1"],
    "CI_MODE": ["recording", "testing", "report", "${CI_MODE:-recording}", "${MODE}"],
    "BUILD_ID": [None, "007", "b1", "a-b", "", "${BUILD_TAG}", "w${CI}", "${B:-}", "1"],
    "ALLOWED_HOSTS": ["app", "(app|app-test)", ".example.com", "~^a$$"],
    "INACTIVITY_TIMEOUT": ["600", "0", "10m", "${T}", "soon"],
    "WORKERS": ["5", "many"],
    "TEST_RUN_URI": ["http://app:3000", "http://nowhere", "app:3000", "${URI}", "ftp://${HOST}", "app $$"],
    "PROCESSES": ["auto", "${P}", "", "x"],
    "TEST_RUN_POLICY_ID": ["215", "x"],
    "TEST_RECORD_ID": ["rec_1"],
    "TEST_RUN_ID": ["tr_1"],
    "http_proxy": ["http://fast:8080"],
}
VARIABLES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in SPECIFIC.items()} | {"OTHER": TEXTS | st.none()}
)
KEYS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "ports": st.lists(st.sampled_from(["8080:8080", "8000:8080", "9:9", "${P:-1}:8080", "8080"]), max_size=2),
        "container_name": st.sampled_from(["node", "app1", "n-${CI}"]),
        "restart": st.sampled_from(["no", "always"]),
        "networks": st.sampled_from([["main"], {"main": {"aliases": ["fast", "proxy"]}, "side": None}, ["side"]]),
        "depends_on": st.just(["app"]),
        "build": st.just("."),
        "labels": st.sampled_from([{"a": "b"}, ["io.fastflow.run=1"]]),
        "logging": st.just({"driver": "none"}),
        "mem_limit": st.just("1g"),
        "command": st.lists(TEXTS, max_size=2),
        "deploy": st.just({"replicas": 2}),
        "hostname": st.sampled_from(["fast", "node"]),
        "x-own": st.just(1),
    },
)
FAST = st.tuples(VARIABLES, KEYS).map(lambda parts: {"image": "wallarm/fast", "environment": parts[0], **parts[1]})
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "app": st.sampled_from([{"image": "app", "ports": ["3000:3000"], "container_name": "app1"}, {"image": "app"}]),
        "tests": st.sampled_from(
            [{"image": "t", "environment": {"http_proxy": "http://fast:8080", "U": "http://app:1"}}]
        ),
        "fast-record": st.just({"image": "own"}),
        "waf": st.just({"image": "wallarm/node:5", "environment": {"WALLARM_API_TOKEN": "${WAF}"}}),
        "selenium": st.just({"image": "s", "ports": ["4444:4444"], "environment": ["http_proxy=http://proxy:8080"]}),
    },
)
NAMES = st.sampled_from(["fast", "proxy", "fast-1", "fast1", "fast.node", "2fast"])


@st.composite
def compose_files(draw: st.DrawFn) -> str:
    """A Compose file with some FAST services and some others."""
    services = {**draw(OTHERS), **draw(st.dictionaries(NAMES, FAST, max_size=3))}
    networks: dict[str, Any] = {"main": None, "side": None}
    return dump(as_mapping({"services": services, "networks": networks}))
