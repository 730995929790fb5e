"""Findings in Compose files name the file as the user named the spec, so that tools and readers find it."""

import os
from pathlib import Path

import pytest

from fastflow.pipeline import SpecText, check

SPEC = """\
workflows:
  web:
    build_id: {name}${{CI}}
    compose: app.yml
    nodes:
      record: {{ mode: recording, source: {{ run: ./tests.sh }} }}
"""


def written(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir()
        (root / name / "app.yml").write_text(f"services: {{ app: {{ image: a, container_name: {name} }} }}\n")


@pytest.mark.parametrize("is_absolute", [False, True])
def test_files_of_two_specs_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_absolute: bool) -> None:
    written(tmp_path, "one", "two")
    monkeypatch.chdir(tmp_path)
    base = tmp_path if is_absolute else Path()
    texts = [SpecText(str(base / n / "s.yml"), base / n, SPEC.format(name=n).encode()) for n in ("one", "two")]
    found = check(texts, None).diagnostics
    assert [(one.rule, one.mark.file) for one in found] == [
        ("fixed-name", os.fspath(base / "one" / "app.yml")),
        ("fixed-name", os.fspath(base / "two" / "app.yml")),
    ]
    assert all(Path(one.mark.file).is_file() for one in found)


def test_level_of_a_finding_in_a_compose_file_is_that_of_the_spec_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "one", "two")
    monkeypatch.chdir(tmp_path)
    levels = {"one": "off", "two": "error"}
    texts = [
        SpecText(f"{n}/s.yml", Path(n), f"checks: {{ fixed-name: {level} }}\n{SPEC.format(name=n)}".encode())
        for n, level in levels.items()
    ]
    found = check(texts, None).diagnostics
    assert [(one.mark.file, one.severity.value) for one in found] == [("two/app.yml", "error")]
