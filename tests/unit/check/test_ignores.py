"""`checks` levels and ignore comments: what is silenced, where, and what is said of comments that are wrong."""

from pathlib import Path

import pytest

from fastflow.check.rules import RULES
from fastflow.diagnostic import Severity
from fastflow.pipeline import SpecText, check
from tests.unit.check.specs import findings, rules

NEVER = "yaml-syntax duplicate-key unknown-field invalid-value mode-field dependency-unknown dependency-cycle "
NEVER += "host-unknown token-literal"


def spec(record: str = "", above: str = "", *, checks: str = "{}") -> str:
    """A recording node without a source, with a comment behind it or above it."""
    return f"""\
checks: {checks}
workflows:
  web:
    build_id: web1
    nodes:
{above}      record: {{ mode: recording }}{record}
"""


def test_only_what_the_contract_names_can_be_neither_ignored_nor_turned_off() -> None:
    assert {rule.id for rule in RULES if not rule.can_be_silenced} == set(NEVER.split())


@pytest.mark.parametrize("rule", NEVER.split())
def test_what_cannot_be_silenced_is_an_error_under_checks_and_in_a_comment(rule: str) -> None:
    text = spec("  # fastflow: ignore[source-missing] by hand", f"  # fastflow: ignore[{rule}] no\n")
    assert rules(text.replace("checks: {}", f"checks: {{ {rule}: off }}")) == ["invalid-value", "invalid-ignore"]
    assert rules(text.replace("checks: {}", f"checks: {{ {rule}: error }}")) == ["invalid-ignore"]


@pytest.mark.parametrize(
    "comment", ["# fastflow: ignore[source-missing] by hand", "#fastflow:ignore[ source-missing ]x"]
)
def test_comment_silences_its_own_line_or_the_one_below(comment: str) -> None:
    assert rules(spec()) == ["source-missing"]
    assert rules(spec("  " + comment)) == []
    assert rules(spec(above=f"      {comment}\n")) == []


def test_comment_above_speaks_of_the_line_below_and_no_other() -> None:
    above = "      # fastflow: ignore[source-missing] by hand\n\n"
    assert rules(spec(above=above)) == ["unused-ignore", "source-missing"]


def test_several_rules_stand_in_one_comment_and_several_comments_above_one_line() -> None:
    scoped = spec() + "      # fastflow: ignore[scope-open] narrow\n      # fastflow: ignore[build-id-overlap, %s] x\n"
    text = scoped % "healthcheck-missing" + "      test: { mode: testing }\n"
    assert [(found.rule, found.mark.line) for found in findings(text)] == [
        ("source-missing", 6),
        ("unused-ignore", 8),
        ("unused-ignore", 8),
    ]


@pytest.mark.parametrize("reason", ["", "   "])
def test_comment_without_a_reason_silences_nothing(reason: str) -> None:
    assert rules(spec(f"  # fastflow: ignore[source-missing]{reason}")) == ["source-missing", "invalid-ignore"]


@pytest.mark.parametrize(
    "text",
    [
        '"# fastflow: ignore[nothing]"',
        "'# fastflow: ignore[nothing]'",
        "|\n          # fastflow: ignore[nothing]\n",
        ">-\n          text\n          # fastflow: ignore[nothing]\n",
        '"two\n          # fastflow: ignore[nothing]"',
    ],
)
def test_text_in_a_scalar_is_no_comment(text: str) -> None:
    nodes = f"      r:\n        mode: recording\n        source: {{ run: x }}\n        test_record_name: {text}"
    assert rules(f"workflows:\n  web:\n    build_id: web1\n    nodes:\n{nodes}\n") == []


@pytest.mark.parametrize("comment", ["# fastflow: the team's", "# fastflow: ignored, see below", "# ignore[all] it"])
def test_other_comments_are_none_of_fastflows(comment: str) -> None:
    assert rules(spec(f"  {comment}", checks="{ source-missing: off }")) == []


@pytest.mark.parametrize(("level", "found"), [("off", []), ("error", ["error"]), ("warning", ["warning"])])
def test_level_of_a_rule(level: str, found: list[str]) -> None:
    assert [one.severity.value for one in findings(spec(checks=f"{{ source-missing: {level} }}"))] == found


@pytest.mark.parametrize(("rule", "comment"), [("unused-ignore", "scope-open] x"), ("invalid-ignore", "nope] x")])
def test_level_of_the_rules_about_comments(rule: str, comment: str) -> None:
    text = spec(f"  # fastflow: ignore[{comment}", checks=f"{{ source-missing: off, {rule}: %s }}")
    assert [found.severity for found in findings(text % "error")] == [Severity.ERROR]
    assert findings(text % "off") == ()


def test_rules_that_are_off_by_default_find_something_where_they_are_turned_on() -> None:
    off = [rule.id for rule in RULES if rule.level == "off"]
    assert off == ["build-id-constant", "image-unpinned"]
    text = spec(checks="{ source-missing: off, build-id-constant: warning, image-unpinned: error }")
    assert [(found.rule, found.severity.value) for found in findings(text)] == [
        ("build-id-constant", "warning"),
        ("image-unpinned", "error"),
    ]


TESTER = "      test: { mode: testing, depends_on: [%s] }  # fastflow: ignore[%s] known\n"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (spec(checks="{ source-missing: off, scope-open: off }") + TESTER % ("test", "build-id-overlap"), None),
        (spec("  # fastflow: ignore[fixed-name] one at a time", checks="{ source-missing: off }"), {}),
        (spec("  # fastflow: ignore[undefined-variable] set in CI", checks="{ source-missing: off }"), None),
        (spec("  # fastflow: ignore[compose-invalid] not here", checks="{ source-missing: off }"), None),
        (spec("  # fastflow: ignore[scope-open] off", checks="{ source-missing: off, scope-open: off }"), None),
        (
            spec("  # fastflow: ignore[service-unknown] remote", checks="{ source-missing: off }").replace(
                "    nodes:", "    compose: { include: ['https://git.example/a.git'] }\n    nodes:"
            ),
            None,
        ),
    ],
)
def test_comment_about_a_rule_that_could_not_look_is_not_called_unused(
    text: str, values: dict[str, str] | None
) -> None:
    known = None if values is None else {"WALLARM_API_TOKEN": "t", **values}
    assert "unused-ignore" not in rules(text, known)


def test_comment_in_a_compose_file_silences_findings_there(tmp_path: Path) -> None:
    text = spec(checks="{ source-missing: off }").replace("web1", "web${CI}")
    text = text.replace("    nodes:", "    compose: app.yml\n    nodes:")
    service = "services:\n  app:\n    image: shop:1\n    container_name: shop%s\n"
    (tmp_path / "app.yml").write_text(service % "", encoding="utf-8")
    assert rules(text, directory=tmp_path) == ["fixed-name"]
    (tmp_path / "app.yml").write_text(service % "  # fastflow: ignore[fixed-name] one host", encoding="utf-8")
    assert rules(text, directory=tmp_path) == []
    (tmp_path / "app.yml").write_text(service % "  # fastflow: ignore[fixed-nam] one host", encoding="utf-8")
    assert sorted(rules(text, directory=tmp_path)) == ["fixed-name", "invalid-ignore"]


def test_each_spec_has_its_own_levels_and_comments() -> None:
    texts = [
        spec(checks="{ source-missing: off }").replace("web1", "a"),
        spec(checks="{ source-missing: error }").replace("web1", "b"),
        spec("  # fastflow: ignore[source-missing] by hand").replace("web1", "c"),
    ]
    specs = [SpecText(f"{at}.yml", Path(), text.encode()) for at, text in enumerate(texts)]
    found = check(specs, None).diagnostics
    assert [(one.mark.file, one.rule, one.severity) for one in found] == [("1.yml", "source-missing", Severity.ERROR)]
