"""Pipelines of specs, as `fastflow ci` makes them, and the files of CI systems."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fastflow.check.facts import Facts
from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import whole
from fastflow.jobs.splitting import connected, jobs_of
from fastflow.jobs.systems import NAMES, system_named
from fastflow.jobs.variables import variables_of
from fastflow.pipeline import SpecText, check

GOLDEN = Path(__file__).parent / "golden"
__all__ = ["GOLDEN", "NAMES", "file_of", "node", "pipeline_of", "read", "spec_of"]


def read(text: str) -> Facts:
    """The facts of a spec; what the checks find is not looked at."""
    checked = check([SpecText("fastflow.yml", Path(), text.encode())], None)
    assert checked.specs, checked.diagnostics
    return checked.specs[0]


def node(mode: str, **fields: str) -> str:
    more = "".join(f", {name}: {value}" for name, value in fields.items())
    return f"{{ mode: {mode}{more} }}"


def spec_of(head: str = "", /, **workflows: dict[str, str]) -> str:
    """A spec of nodes without an application."""
    lines = [head, "workflows:"]
    for name, nodes in workflows.items():
        lines += [f"  {name}:", f"    build_id: {name.replace('_', '')}x${{FASTFLOW_CI_ID}}", "    nodes:"]
        lines += [f"      {one}: {text}" for one, text in nodes.items()]
    return "\n".join([*lines, ""])


def pipeline_of(text: str, system: str, jobs: tuple[Job, ...] | None = None, **more: Any) -> Pipeline:
    facts, known = read(text), system_named(system)
    made = jobs if jobs is not None else jobs_of(facts)
    pipeline = Pipeline(
        name="shop",
        spec="fastflow.yml",
        file=known.path,
        jobs=made if known.hands_on else connected(made),
        tokens=facts.spec.token_names,
        variables=variables_of(facts),
        arguments=f"{system} fastflow.yml",
        install="fastflow-ci==0.1.0",
        runner=known.runner,
    )
    return replace(pipeline, **more)


def file_of(pipeline: Pipeline, system: str) -> str:
    return whole(system_named(system).pieces(pipeline), pipeline.arguments)
