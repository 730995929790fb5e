"""The outcomes of phases in other runs, from their JSON reports."""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from fastflow.errors import UsageError, system_reason
from fastflow.plan.outcomes import Outcome, Outcomes
from fastflow.record.result import PhaseResult


def read_outcomes(reports: Iterable[Path]) -> Outcomes:
    """Read the outcomes of phases; if several reports name one, the last counts. Raises UsageError.

    A report is what `up --report json=PATH` writes, or the `result.json` of a run's folder.
    """
    return {name: outcome for path in reports for name, outcome in _read(path).items()}


def _read(path: Path) -> Outcomes:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        phases = TypeAdapter(tuple[PhaseResult, ...]).validate_python(content["phases"])
    except OSError as error:
        hint = "name the report of the run that this one follows, written by `up --report json=PATH`"
        raise UsageError(f"--after {path} cannot be read: {system_reason(error)}", hint) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        hint = "name the file that `up --report json=PATH` wrote, or the result.json of a run's folder"
        raise UsageError(f"--after {path}: not a JSON report of a run", hint) from None
    return {
        one.id: Outcome(one.mode, one.state, one.build_id, one.test_record, one.test_run)
        for one in phases
        if one.state != "waiting"
    }
