"""Accept files are checked with the spec that names them."""

from pathlib import Path

import pytest

from fastflow.diagnostic import Diagnostic, Severity
from fastflow.pipeline import SpecText, check

SPEC = """\
defaults: {{ gate: {{ accept: {accept} }} }}
workflows:
  web:
    build_id: web1
    nodes:
      a: {{ mode: testing, test_record_id: rec_1, test_run_uri: http://app.test }}
      b: {{ mode: testing, test_record_id: rec_1, test_run_uri: http://app.test, depends_on: [a] }}
"""


def found_in(directory: Path, accept: str = "known.yml") -> list[Diagnostic]:
    text = SpecText("sub/fastflow.yml", directory, SPEC.format(accept=accept).encode())
    return [finding for finding in check([text], None).diagnostics if finding.rule != "api-host-unknown"]


def test_a_fault_stands_in_the_accept_file_once_however_many_gates_name_it(tmp_path: Path) -> None:
    (tmp_path / "known.yml").write_text("- fingerprint: a\n  reasons: b\n")
    found = found_in(tmp_path)
    assert [(str(one.mark), one.rule, one.severity) for one in found] == [
        ("sub/known.yml:1:3", "invalid-value", Severity.ERROR),
        ("sub/known.yml:2:3", "unknown-field", Severity.ERROR),
    ]


def test_a_sound_file_has_no_finding(tmp_path: Path) -> None:
    (tmp_path / "known.yml").write_text("- { fingerprint: a, reason: b }")
    assert found_in(tmp_path) == []


def test_a_file_that_is_not_there_is_a_warning_where_it_is_named(tmp_path: Path) -> None:
    found = found_in(tmp_path)
    assert {(one.mark.file, one.severity) for one in found} == {("sub/fastflow.yml", Severity.WARNING)}
    assert found[0].message == "`accept`: known.yml does not exist, so nothing is accepted"


def test_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "known.yml").mkdir()
    found = found_in(tmp_path)
    assert {one.severity for one in found} == {Severity.ERROR}
    assert "cannot be read" in found[0].message


@pytest.mark.parametrize("accept", ["${KNOWN}", "$KNOWN.yml"])
def test_a_name_with_a_variable_is_not_looked_for(tmp_path: Path, accept: str) -> None:
    assert found_in(tmp_path, f'"{accept}"') == []
