"""No finding shows the value of a token, wherever its variable stands by mistake."""

from pathlib import Path

import pytest

from fastflow.pipeline import SpecText, check

TOKEN = "tok-9f8e7d6c5b4a"
SPEC = """\
cloud: {{ token: $TEAM_TOKEN }}
workflows:
  web:
    build_id: "{build_id}"
    compose: {{ services: {{ app: {{ image: app, ports: ["{port}"] }} }} }}
    nodes:
      record: {{ mode: recording, ports: ["9090:8080"], inactivity_timeout: "{timeout}", source: {{ run: "true" }} }}
      test: {{ mode: testing, depends_on: ["{phase}"] }}
"""
GOOD = {"build_id": "web1", "port": "80:80", "timeout": "60", "phase": "record"}


@pytest.mark.parametrize("field", GOOD)
def test_a_token_in_the_wrong_field_is_masked(field: str) -> None:
    spec = SPEC.format_map({**GOOD, field: "${TEAM_TOKEN}"}).encode()
    found = check([SpecText("f.yml", Path(), spec)], {"TEAM_TOKEN": TOKEN}).diagnostics
    assert found
    for one in found:
        assert TOKEN not in repr(one)
    assert any("***" in one.message for one in found)


def test_the_token_of_a_workflow_is_one_as_well() -> None:
    spec = SPEC.format_map({**GOOD, "timeout": "${OWN}"}).replace(
        "    build_id", "    cloud: { token: $OWN }\n    build_id"
    )
    found = check([SpecText("f.yml", Path(), spec.encode())], {"OWN": TOKEN, "TEAM_TOKEN": "other"}).diagnostics
    assert [one.rule for one in found if "***" in one.message] == ["invalid-value"]
