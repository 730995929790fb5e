"""Workflow commands of GitHub Actions, read back as the runner reads them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.report.findings_github import findings_as_github

ROOT = Path.cwd().resolve()
MARK = Mark("fastflow.yml", 3, 15, 3, 19)


def finding(message: str = "wrong", *, mark: Mark = MARK, error: bool = True, hint: str | None = None) -> Diagnostic:
    return Diagnostic("build-id-format", Severity.ERROR if error else Severity.WARNING, message, mark, hint)


def read(line: str) -> tuple[str, dict[str, str], str]:
    """One command as the runner of GitHub Actions reads it (its ActionCommand.TryParseV2)."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match is not None, line
    properties = dict(pair.split("=", 1) for pair in match[2].split(","))
    return match[1], {name: unescaped(value) for name, value in properties.items()}, unescaped(match[3])


def unescaped(text: str) -> str:
    for written, meant in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def test_a_finding_is_one_command_at_its_place() -> None:
    other = Related(Mark("api.yml", 7, 3, 7, 9), "the other one")
    found = Diagnostic("build-id-collision", Severity.ERROR, "twice", MARK, "change one", (other,))
    kind, facts, message = read(findings_as_github([found], ROOT))
    assert kind == "error"
    assert facts == {
        "file": "fastflow.yml",
        "line": "3",
        "endLine": "3",
        "col": "15",
        "endColumn": "19",
        "title": "fastflow build-id-collision",
    }
    assert message == "twice\napi.yml:7: the other one\nhelp: change one"


def test_files_are_named_from_the_root_of_the_repository() -> None:
    mark = Mark("shop/../shop/fastflow.yml", 1, 1, 1, 2)
    assert read(findings_as_github([finding(mark=mark)], ROOT.parent))[1]["file"] == f"{ROOT.name}/shop/fastflow.yml"


def test_standard_input_is_no_file() -> None:
    assert "file" not in read(findings_as_github([finding(mark=Mark("-", 1, 1, 1, 2))], ROOT))[1]


def test_of_several_lines_no_end_column_is_told() -> None:
    assert "endColumn" not in read(findings_as_github([finding(mark=Mark("a.yml", 1, 5, 2, 1))], ROOT))[1]


@given(st.text(st.sampled_from("a%:,\n\r=é;"), min_size=1), st.text(st.sampled_from("a%:,=é"), min_size=1))
def test_nothing_in_a_finding_ends_its_command(message: str, file: str) -> None:
    text = findings_as_github([finding(message, mark=Mark(f"{file}.yml", 1, 1, 1, 2))], ROOT)
    assert not set(text) & {"\n", "\r"}
    _, facts, told = read(text)
    # The runner undoes `%25` last, and so does what is read here.
    assert (facts["file"], told) == (f"{file}.yml", message)


def test_nothing_in_a_finding_speaks_to_the_terminal() -> None:
    assert "\x1b" not in findings_as_github([finding("\x1b[31mred")], ROOT)


def test_ten_findings_are_shown_in_their_order() -> None:
    found = [finding(str(number), error=number % 2 == 0) for number in range(10)]
    lines = findings_as_github(found, ROOT).splitlines()
    assert [read(line)[2] for line in lines] == [str(number) for number in range(10)]


def test_of_more_than_ten_the_errors_come_first_and_a_line_says_how_many_are_left() -> None:
    found = [finding(str(number), error=number >= 4) for number in range(12)]
    lines = findings_as_github(found, ROOT).splitlines()
    assert [read(line)[2] for line in lines[:10]] == ["4", "5", "6", "7", "8", "9", "10", "11", "0", "1"]
    assert lines[10:] == ["and 2 more findings, which GitHub would not show; see all with: fastflow validate"]


@pytest.mark.parametrize("count", [0, 11])
def test_no_finding_and_one_too_many(count: int) -> None:
    text = findings_as_github([finding()] * count, ROOT)
    assert text == "" if count == 0 else "and 1 more finding, " in text
