"""`fastflow schema`: the spec's JSON Schema, with the rules that `checks` may name."""

import json
from typing import Any

from fastflow.check.pages import sentence
from fastflow.check.rules import RULES
from fastflow.model.schema import spec_schema


def whole_schema() -> dict[str, Any]:
    """The whole schema, including the names of the rules, which only the checks know."""
    return spec_schema({rule.id: sentence(rule) for rule in RULES})


def schema_text() -> str:
    """The schema as a JSON file."""
    return json.dumps(whole_schema(), indent=2, ensure_ascii=False) + "\n"
