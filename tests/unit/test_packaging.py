"""What fastflow is published with: manual pages, the notes of a release, and an entry for editors."""

import importlib.machinery
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from fastflow.app.specs import NAMES
from fastflow.model.schema import ID

ROOT = Path(__file__).parents[2]


def loaded(path: str) -> ModuleType:
    """A module that is no part of the package."""
    loader = importlib.machinery.SourceFileLoader(Path(path).stem.replace("-", "_"), str(ROOT / path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


# Manual pages
def test_the_package_has_the_manual_pages_of_what_the_commands_say_now_and_no_others() -> None:
    made = loaded("scripts/manual.py").pages()
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "packaging" / "man").iterdir()}
    assert kept == made, "run: make docs"
    assert {"fastflow.1", "fastflow-up.1", "fastflow-emulator-build.1"} <= made.keys()


def test_roff_takes_no_line_of_a_manual_page_for_something_else() -> None:
    requests = {*(".TH", ".SH", ".TP", ".B", ".BR", ".PP", ".nf", ".fi"), "..."}
    for path in (ROOT / "packaging" / "man").iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert {line.split()[0] for line in lines if line.startswith((".", "'"))} <= requests
        assert not [line for line in lines if re.search(r"\\[^-e&]", line)]


# Notes of a release
CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.1.0] - 2026-12-01

### Added

- One thing,
  on two lines.
- Another.

## [1.0.0] - 2026-11-01

- The first.
"""


def test_the_notes_of_a_release_are_its_section_of_the_changelog() -> None:
    notes = loaded("scripts/release-notes").notes
    assert notes(CHANGELOG, "1.1.0") == "### Added\n\n- One thing, on two lines.\n- Another.\n"
    assert notes(CHANGELOG, "1.0.0") == "- The first.\n"


@pytest.mark.parametrize("version", ["1.0", "1.1.0.1", "Unreleased"])
def test_a_version_without_a_section_is_not_released(version: str) -> None:
    with pytest.raises(SystemExit, match="has no section"):
        loaded("scripts/release-notes").notes(CHANGELOG, version)


# Editors
def test_the_entry_for_schemastore_names_the_spec_and_its_schema() -> None:
    entry = json.loads((ROOT / "packaging" / "schemastore.json").read_text(encoding="utf-8"))
    assert entry.keys() == {"name", "description", "fileMatch", "url"}  # all that the catalog's schema asks for
    assert (entry["fileMatch"], entry["url"]) == (list(NAMES), ID)
