"""SARIF logs, held to Microsoft's own tool."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow.check.rules import RULES
from fastflow.diagnostic import Diagnostic
from fastflow.pipeline import SpecText, check
from fastflow.report.findings_sarif import findings_as_sarif
from tests.e2e.multitool import KNOWN

from .multitool import complaints

pytestmark = pytest.mark.e2e
CORPUS = Path(__file__).parents[1] / "corpus" / "bad"


def findings_of_the_corpus() -> Iterator[Diagnostic]:
    for case in sorted(CORPUS.glob("*/*.yml")):
        yield from check([SpecText(str(case), case.parent, case.read_bytes())], None).diagnostics


def broken(log: Path) -> set[str]:
    return {complaint.partition(":")[0] for complaint in complaints(log)}


def test_all_findings_of_the_corpus_make_a_log_that_the_multitool_accepts(tmp_path: Path) -> None:
    found = list(findings_of_the_corpus())
    assert len({one.rule for one in found}) > 25
    log = tmp_path / "found.sarif"
    log.write_text(findings_as_sarif(found, Path.cwd()), encoding="utf-8")
    assert broken(log) <= KNOWN


def test_a_log_without_findings_is_accepted_too(tmp_path: Path) -> None:
    log = tmp_path / "none.sarif"
    log.write_text(findings_as_sarif((), tmp_path), encoding="utf-8")
    assert broken(log) <= KNOWN


def test_the_multitool_complains_where_there_is_something_to_complain_of(tmp_path: Path) -> None:
    told = json.loads(findings_as_sarif((), tmp_path))
    del told["runs"][0]["tool"]["driver"]["rules"][0]["fullDescription"]
    told["runs"][0]["results"] = [{"ruleId": RULES[0].id, "ruleIndex": 999, "message": {"text": "x"}}]
    log = tmp_path / "broken.sarif"
    log.write_text(json.dumps(told), encoding="utf-8")
    assert {"GH2012"} < broken(log)
