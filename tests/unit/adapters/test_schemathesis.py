"""The adapter of Schemathesis, on what Schemathesis 4.32 wrote."""

import json
from pathlib import Path

import pytest

from .loading import CAPTURED, SESSION, TARGET, adapter, attack, captured, shared

schemathesis, sarif, frame = adapter("schemathesis"), shared("sarif"), shared("adapter")


def command(*options: str) -> list[str]:
    words: list[str] = schemathesis.command(attack(*options), Path("events"), Path("summary"))
    return words


def test_a_server_error_is_one_moderate_finding_by_its_operation() -> None:
    events = [json.loads(line) for line in (CAPTURED / "schemathesis.ndjson").read_text().splitlines()]
    findings = list(schemathesis.findings(events))
    errors = [finding for finding in findings if finding.rule.id == "server_error"]
    assert len(errors) > 1
    assert len({finding.fingerprint for finding in errors}) == 1
    assert (errors[0].rule.severity, errors[0].method, errors[0].url) == (5.3, "POST", f"{TARGET}/coupon")
    assert errors[0].request.startswith(f"POST {TARGET}/coupon HTTP/1.1\n")
    assert any("%27" in error.request for error in errors), "the quote that breaks the statement"


def test_a_difference_to_the_document_is_a_note_at_the_method_that_was_tried() -> None:
    events = [json.loads(line) for line in (CAPTURED / "schemathesis.ndjson").read_text().splitlines()]
    (first, *_) = [one for one in schemathesis.findings(events) if one.rule.id == "unsupported_method_response"]
    assert sarif.level(first.rule.severity) == "note"
    assert first.operation == f"{first.method} {first.url.removeprefix(TARGET).partition('?')[0]}"
    assert first.message.startswith(f"Unsupported method {first.method} returned 404")


def test_the_session_goes_along_and_the_document_is_the_targets() -> None:
    words = command("--checks", "all")
    assert words[:3] == ["schemathesis", "run", f"{TARGET}/openapi.json"]
    assert words[words.index("--url") + 1] == TARGET
    assert words[words.index("--header") + 1] == f"Cookie: {SESSION}"
    assert words[-2:] == ["--checks", "all"]


@pytest.mark.parametrize("path", ["/v1/openapi.yaml", "v1/openapi.yaml"])
def test_the_document_may_be_elsewhere_on_the_target(path: str) -> None:
    words = command("--openapi", path, "--max-examples", "5")
    assert words[2] == f"{TARGET}/v1/openapi.yaml"
    assert "--openapi" not in words
    assert words[-2:] == ["--max-examples", "5"]


def test_what_it_wrote_is_a_run_that_counts() -> None:
    schemathesis.check_summary(captured("schemathesis.json"))


def test_a_run_that_tested_nothing_has_failed() -> None:
    summary = captured("schemathesis.json")
    summary["operations"]["tested"] = 0
    with pytest.raises(frame.AdapterError, match="tested no operation"):
        schemathesis.check_summary(summary)


def test_a_run_of_errors_alone_has_failed() -> None:
    summary = captured("schemathesis.json") | {"failures": [], "errors": [{"title": "Schema Error"}]}
    with pytest.raises(frame.AdapterError, match="Schema Error"):
        schemathesis.check_summary(summary)
