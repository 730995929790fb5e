"""`plan.json` in a run's folder: what `plan --format json` prints, and what reports of the run need besides."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastflow import __version__
from fastflow.check.facts import Facts
from fastflow.masking import MASK
from fastflow.model.load import is_build_id, is_raw
from fastflow.model.node import Gate, TestingNode
from fastflow.plan import PhasePlan, Plan
from fastflow.report.plan import plan_told
from fastflow.report.sarif import relative_path, root_of
from fastflow.run.engine import EngineInfo
from fastflow.spec.interpolation import interpolate
from fastflow.spec.writer import dump, map_texts

_SECRET = re.compile(r"token|secret|passw|pwd|credential|private|auth|api_?key|(^|_)key$", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def plan_file_of(plan: Plan, facts: Facts, values: Mapping[str, str], run: str) -> dict[str, Any]:
    """Give the content of a run's plan.json, as far as it is known before an engine has answered."""
    file = facts.document.file
    place = file if file == "-" else relative_path(str(plan.directory / Path(file).name), root_of(plan.directory))
    told = plan_told(plan)
    for phase in told["phases"]:
        phase.update(_more(plan.phases[phase["id"]], facts))
    return {**told, "run": run, "spec": place, "fastflow": __version__, "resolved": resolved_text(facts, values, run)}


def engines_of(hosts: Mapping[str, EngineInfo]) -> dict[str, Any]:
    """Give what plan.json says of the engines, by host, once they have answered."""
    versions = {
        name or "default": {"engine": info.engine_version, "compose": info.compose_version}
        for name, info in hosts.items()
    }
    return {"hosts": versions}


def _more(phase: PhasePlan, facts: Facts) -> dict[str, Any]:
    node = phase.node
    gate = node.gate if isinstance(node, TestingNode) else None
    told = {"threat": gate.threat, "accept": gate.accept} if isinstance(gate, Gate) else gate
    mark = facts.places.key("workflows", phase.workflow, "nodes", phase.name).mark
    return {
        "image": phase.image,
        "allow_failure": bool(node.allow_failure),
        "gate": told,
        "line": mark.line,
        "column": mark.column,
    }


def resolved_text(facts: Facts, values: Mapping[str, str], run: str) -> str:
    """Give the spec with the values of its variables, as YAML for people.

    A run's folder is kept by CI systems as an artifact. Environments thus stay as written, and so does what is in
    variables whose names speak of secrets; the account in a URL is masked. The token is only ever a reference.
    """
    shown = {name: MASK if _SECRET.search(name) else value for name, value in values.items()}
    resolved = interpolate(
        facts.document,
        shown,
        lambda path: is_raw(path) or "environment" in path[2:] or "container" in path[2:],
        lenient=True,
        stand_in=lambda path: run if is_build_id(path) else None,
    )
    return dump(map_texts(resolved.document.root, lambda text: _ACCOUNT.sub(MASK, text)))
