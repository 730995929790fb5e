"""Every spec of the corpus gives exactly the findings that are written beside it.

`tests/corpus/ok/CASE` has none, `tests/corpus/bad/RULE/CASE` those of `CASE.txt`. A case is one file, or a
directory with `spec*.yml`, Compose files beside, and `values.env` where the variables have values, as in `up`.
`UPDATE_CORPUS=1` writes what is found: read it before you commit it.
"""

import os
from pathlib import Path

import pytest

from fastflow.check.rules import RULES
from fastflow.diagnostic import Diagnostic
from fastflow.pipeline import SpecText, check
from fastflow.report.findings_text import Sources, render_findings
from fastflow.spec.values import Values, read_env_file

CORPUS = Path(__file__).parent.parent / "corpus"
BAD = sorted(path for path in CORPUS.glob("bad/*/*") if path.suffix != ".txt")
OK = sorted((CORPUS / "ok").iterdir())
EXCEPT = {"compose-invalid": "what Docker Compose rejects, only Docker Compose can tell"}


def findings(case: Path) -> tuple[tuple[Diagnostic, ...], Sources]:
    """Check a case as a user would who stands in its directory."""
    directory = case if case.is_dir() else case.parent
    specs = sorted(case.glob("spec*.yml")) if case.is_dir() else [case]
    assert specs
    texts = [SpecText(path.name, directory, path.read_bytes()) for path in specs]
    values = Values({}, [read_env_file(case / "values.env")]) if (case / "values.env").is_file() else None
    found = check(texts, values).diagnostics
    files = {mark.file for one in found for mark in (one.mark, *(other.mark for other in one.related))}
    contents = {name: (directory / name).read_text(encoding="utf-8", errors="replace") for name in files}
    return found, Sources(contents)


def identify(case: Path) -> str:
    return f"{case.parent.name}/{case.stem}"


@pytest.mark.parametrize("case", BAD, ids=identify)
def test_findings_are_exactly_those_written_beside_the_spec(case: Path) -> None:
    expected = case.with_suffix(".txt")
    text = render_findings(*findings(case))
    if os.environ.get("UPDATE_CORPUS"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", BAD, ids=identify)
def test_first_finding_is_of_the_rule_that_the_folder_names(case: Path) -> None:
    found, _ = findings(case)
    assert [one.rule for one in found][:1] == [case.parent.name]


@pytest.mark.parametrize("case", OK, ids=identify)
def test_spec_has_no_findings(case: Path) -> None:
    assert render_findings(*findings(case)) == ""


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.id not in EXCEPT])
def test_rule_has_three_bad_specs_and_a_near_miss(rule: str) -> None:
    bad = [case for case in BAD if case.parent.name == rule]
    near = [case for case in OK if case.name.startswith(f"{rule}--near-miss-")]
    assert len(bad) >= 3, "write cases in tests/corpus/bad"
    assert near, "write one that is just not at fault in tests/corpus/ok"


def test_corpus_holds_no_folder_of_an_unknown_rule_and_no_text_without_its_spec() -> None:
    known = {rule.id for rule in RULES}
    assert {path.name for path in CORPUS.glob("bad/*")} <= known
    texts = {path.with_suffix("") for path in CORPUS.glob("bad/*/*.txt")}
    assert texts == {case.with_suffix("") for case in BAD}
