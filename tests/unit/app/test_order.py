"""What a dispatcher wants of an agent, on its way there and back."""

import json
from dataclasses import replace
from pathlib import Path

from fastflow import __version__
from fastflow.app.agent import relocated
from fastflow.app.order import Order, read_order
from fastflow.app.request import RunRequest
from fastflow.pipeline import SpecText, check
from fastflow.plan.making import Selection

ORDER = Order(
    version=__version__,
    unit="r1u1",
    spec="shop/fastflow.yml",
    identity="/home/me/shop/fastflow.yml",
    workflows=("web", "api"),
    only=None,
    max_parallel=2,
    fail_fast=True,
    emulate=True,
    cloud="cloud",
    env_files=1,
    resume="r0",
    bundle="registry.example/ci/bundle:r1",
    variables={"FASTFLOW_RUN_ID": "r1"},
    environment={"WALLARM_API_TOKEN": "tok-5ecre7"},
    auths={"registry.example": {"auth": "bWU6cGFzcw=="}},
    files={".env": "WALLARM_API_TOKEN=tok-5ecre7"},
)


def test_an_order_arrives_as_it_was_sent() -> None:
    assert read_order(ORDER.written()) == ORDER


def test_an_order_of_another_version_says_which() -> None:
    assert read_order(replace(ORDER, version="0.0.1").written()) == "0.0.1"
    assert read_order(json.dumps({"version": "9.9.9", "news": 1}).encode()) == "9.9.9"


def test_an_order_shows_no_secret() -> None:
    assert "tok-5ecre7" not in repr(ORDER)
    assert "bWU6cGFzcw" not in repr(ORDER)


def test_paths_of_the_agent_are_told_without_where_it_works(tmp_path: Path) -> None:
    text = SpecText("fastflow.yml", tmp_path, b"workflows: { web: { nodes: { record: { mode: recording } } } }")
    request = RunRequest("r1u1", text, {}, (), check([text], {}), Selection())
    folder = f"{tmp_path}/.fastflow/runs/r1u1"
    told = {
        "log": f"{folder}/logs/a.log",
        "reports": (f"{tmp_path}/out/r.html", "/elsewhere"),
        "lines": [f"see {folder}/x"],
    }
    assert relocated(told, request) == {
        "log": "fastflow-run:/logs/a.log",
        "reports": ["fastflow-spec:/out/r.html", "/elsewhere"],
        "lines": [f"see {folder}/x"],
    }
