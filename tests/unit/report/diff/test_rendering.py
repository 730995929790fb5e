"""A comparison as text, JSON and Markdown: what it says, how long it gets, and that no value of others is active."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from fastflow.report.diff import as_json, as_markdown, as_text
from fastflow.report.diff.comparison import Comparison, compare

from ..html.archives import HOSTILE, found, hostile_run, phase, time
from ..test_markdown import active, tables
from .pairs import NEW, OLD, SPEC, run_of

_TEXT = {"type": ["string", "null"]}
_RUN = {
    "type": "object",
    "required": ["run", "name", "spec", "exit_code", "started", "seconds"],
    "additionalProperties": False,
    "properties": dict.fromkeys(("run", "name", "spec", "exit_code", "started", "seconds"), True),
}


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    old = run_of(
        tmp_path,
        OLD,
        phase("web.record", mode="recording"),
        phase("web.test", "vulnerable", vulnerabilities=(found(1), found(2))),
        phase("web.gone"),
    )
    new = run_of(
        tmp_path,
        NEW,
        phase("web.record", mode="recording"),
        phase("web.test", "vulnerable", vulnerabilities=(found(2, threat=40), found(3)), ended=time(40)),
        phase("web.added", "skipped", started=None, ended=None),
        resolved=SPEC.replace("215", "216"),
    )
    return compare(old, new)


def test_the_text_says_it_all(comparison: Comparison) -> None:
    assert (
        as_text.render(comparison)
        == f"""\
older run {OLD} of shop (fastflow.yml): Passed, exit code 0, 2026-11-24 09:00:00 UTC, 1 min
newer run {NEW} of shop (fastflow.yml): Passed, exit code 0, 2026-11-24 09:00:00 UTC, 1 min

Vulnerabilities: 1 new, 1 gone, 1 changed, 0 the same
  new        sqli (threat 80) in parameter code of http://app:3000/coupon/3, by web.test  {3:016x}
  gone       sqli (threat 80) in parameter code of http://app:3000/coupon/1, by web.test  {1:016x}
  changed    sqli (threat 40) in parameter code of http://app:3000/coupon/2, by web.test  {2:016x}
               threat: threat 80 → threat 40

Other differences:
  policy     workflows.web.nodes.test.test_run_policy_id: 215 → 216

Not comparable:
  images: run {OLD} and run {NEW} does not say which it ran

Phases:
  web.record  passed     → passed      10.0 s → 10.0 s
  web.test    vulnerable → vulnerable  10.0 s → 30.0 s
  web.added   not in it  → skipped          - → -
  web.gone    passed     → not in it   10.0 s → -"""
    )


def test_the_json_has_each_field(comparison: Comparison) -> None:
    told = json.loads(as_json.render(comparison))
    jsonschema.validate([told["old"], told["new"]], {"items": _RUN})
    assert list(told) == [
        "format_version", "old", "new", "remarks", "vulnerabilities", "causes", "unknown", "phases",
    ]  # fmt: skip
    assert told["vulnerabilities"]["changed"] == [
        {
            "fingerprint": f"{2:016x}",
            "type": "sqli",
            "threat": 40,
            "parameter": "code",
            "uri": "http://app:3000/coupon/2",
            "method": "POST",
            "gate": "fails",
            "phases": ["web.test"],
            "changes": [{"what": "threat", "old": "threat 80", "new": "threat 40"}],
            "note": None,
        }
    ]
    assert told["causes"] == [
        {
            "kind": "policy",
            "what": "workflows.web.nodes.test.test_run_policy_id",
            "how": "changed",
            "old": "215",
            "new": "216",
        }
    ]
    assert told["phases"][1] == {
        "id": "web.test",
        "old": {
            "state": "vulnerable", "seconds": 10.0, "build_id": "7", "test_record": None, "baselines": None,
        },
        "new": {
            "state": "vulnerable", "seconds": 30.0, "build_id": "7", "test_record": None, "baselines": None,
        },
    }  # fmt: skip
    assert told["phases"][3] == {"id": "web.gone", "old": told["phases"][0]["old"], "new": None}


def test_the_markdown_has_a_table_of_vulnerabilities_and_one_of_phases(comparison: Comparison) -> None:
    text = as_markdown.render(comparison)
    vulnerabilities, phases = tables(text)
    assert [row[0] for row in vulnerabilities[1:]] == ["new", "changed", "gone"]
    assert vulnerabilities[2][1].endswith("coupon/2threat: threat 80 → threat 40")
    assert phases[2] == ["web.test", "vulnerable, 10.0 s", "vulnerable, 30.0 s"]
    assert "- policy: `workflows.web.nodes.test.test_run" in text


def test_one_run_and_runs_of_different_specs_are_said(tmp_path: Path, comparison: Comparison) -> None:
    assert comparison.remarks == ()
    itself = run_of(tmp_path / "a", OLD)
    assert compare(itself, itself).remarks == ("Both are one run.",)
    other = compare(itself, run_of(tmp_path / "b", NEW, spec="other/fastflow.yml"))
    assert "different specs" in as_text.render(other)
    assert "different specs" in as_markdown.render(other)


def test_nothing_but_the_runs_is_said_of_runs_that_are_equal(tmp_path: Path) -> None:
    runs = (run_of(tmp_path, name, phase("web.test")) for name in (OLD, NEW))
    comparison = replace(compare(*runs), unknown=())
    assert "No other differences are known." in as_text.render(comparison)
    assert "No other differences are known." in as_markdown.render(comparison)
    assert "cannot be compared" not in as_text.render(comparison) + as_markdown.render(comparison)


def hostile() -> Comparison:
    old, new = hostile_run(), hostile_run()
    gone = tuple(replace(one, vulnerabilities=(), state="passed") for one in new.phases)
    assert new.plan is not None
    hosts = {text: replace(one, engine=f"{one.engine} 2") for text, one in new.plan.hosts.items()}
    plan = replace(new.plan, fastflow=HOSTILE[1], hosts=hosts)
    return compare(old, replace(new, run=HOSTILE[2], phases=gone, plan=plan))


def test_hostile_values_are_inert() -> None:
    comparison = hostile()
    assert len(comparison.vulnerabilities.gone) == len(HOSTILE)
    assert len(comparison.causes) > len(HOSTILE)
    page = as_markdown.render(comparison)
    assert [one for one in active(page) if one not in ("strong_open", "strong_close")] == []
    assert all(len(row) == 4 for row in tables(page)[0])
    text = as_text.render(comparison)
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\u202e" not in text
    json.loads(as_json.render(comparison))


def test_a_comment_takes_any_comparison(tmp_path: Path) -> None:
    longest = "<@é>" * 5_000
    many = tuple(found(number, type=longest, parameter=longest, uri=longest) for number in range(2_000))
    phases = [phase(f"web.{longest}{number}") for number in range(500)]
    old = run_of(tmp_path, OLD, phase("web.test", "passed"), resolved=SPEC)
    more = "".join(f"x-{number}: '{longest}'\n" for number in range(200))
    new = run_of(tmp_path, NEW, phase("web.test", "vulnerable", vulnerabilities=many), *phases, resolved=SPEC + more)
    page = as_markdown.render(compare(old, new))
    assert 9_000 < len(page) < 65_536
    shown = len(tables(page)[0]) - 2
    assert f"and {2_000 - shown:,} more: see `fastflow diff`" in page
