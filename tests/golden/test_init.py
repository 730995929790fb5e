"""Compose files as teams have them, with the specs that `init --from` makes of them: `UPDATE_GOLDEN=1` writes anew."""

import os
from pathlib import Path

import pytest

from fastflow.application.documents import FileSource
from fastflow.application.reader import ComposeFiles
from fastflow.diagnostic import Diagnostic, Mark, Severity
from fastflow.draft.from_compose import spec_from
from fastflow.pipeline import SpecText, check

HERE = Path(__file__).parent / "init"
EXISTING = Path(__file__).parents[2] / "examples" / "existing-compose"
CASES = {"existing-compose": EXISTING} | {path.parent.name: path.parent for path in HERE.glob("*/docker-compose.yml")}
COMPOSE = "docker-compose.yml"


def findings(text: str, directory: Path) -> tuple[Diagnostic, ...]:
    return check([SpecText("fastflow.yml", directory, text.encode())], None).diagnostics


@pytest.mark.parametrize("case", CASES)
def test_the_spec_of_a_compose_file_is_as_agreed_and_valid(case: str) -> None:
    directory, path = CASES[case], HERE / case / "fastflow.yml"
    reading = ComposeFiles(directory).read([FileSource(COMPOSE, Mark("", 1, 1, 1, 1))])
    assert reading.tree is not None
    assert reading.application is not None
    text = spec_from(reading.tree, reading.application, (COMPOSE,), lambda written: findings(written, directory))
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{path} differs; UPDATE_GOLDEN=1 writes it anew"
    assert [found for found in findings(text, directory) if found.severity is Severity.ERROR] == []
