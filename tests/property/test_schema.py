"""What the schema rejects, the checks reject: over mutations of good specs, and over the corpus."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

from fastflow.app.schema import whole_schema
from fastflow.diagnostic import has_errors
from fastflow.pipeline import SpecText, check
from tests.property.mutations import SPECS, mutations
from tests.unit.model.good_specs import COMPOSE, Editor, NewEditor, as_editors_read

VALIDATOR = jsonschema.Draft202012Validator(whole_schema())
ROOT = Path(__file__).parents[1] / "corpus"
CORPUS = sorted(ROOT.rglob("*.yml"))


def has_check_errors(text: str, directory: Path) -> bool:
    return has_errors(check([SpecText("f.yml", directory, text.encode())], None).diagnostics)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the specs' Compose files are, so that these are no fault."""
    directory = tmp_path_factory.mktemp("specs")
    for name in ("docker-compose.yml", "shop/docker-compose.yml"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(COMPOSE, encoding="utf-8")
    return directory


@settings(max_examples=300)
@given(data=mutations())
def test_what_the_schema_rejects_the_checks_reject(data: Any, directory: Path) -> None:
    if list(VALIDATOR.iter_errors(data)):
        text = yaml.safe_dump(data, sort_keys=False)
        assert has_check_errors(text, directory), text


@pytest.mark.parametrize("name", SPECS)
def test_the_specs_have_no_fault_before_they_are_changed(name: str, directory: Path) -> None:
    text = yaml.safe_dump(as_editors_read(SPECS[name], NewEditor), sort_keys=False)
    assert not has_check_errors(text, directory)


def is_rejected_by_the_schema(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        data = as_editors_read(text, Editor)
    except yaml.YAMLError:
        return True
    return bool(list(VALIDATOR.iter_errors(data)))


def test_the_schema_rejects_much_of_the_corpus_and_none_of_what_is_right() -> None:
    rejected = [path for path in CORPUS if is_rejected_by_the_schema(path)]
    kinds = {path.relative_to(ROOT).parts[1] for path in rejected if path.relative_to(ROOT).parts[0] == "bad"}
    assert kinds >= {"yaml-syntax", "unknown-field", "invalid-value", "mode-field", "token-literal"}
    assert [path for path in rejected if path.parent == ROOT / "ok"] == []


@pytest.mark.parametrize("path", CORPUS, ids=str)
def test_the_corpus(path: Path) -> None:
    if is_rejected_by_the_schema(path):
        assert has_errors(check([SpecText("f.yml", path.parent, path.read_bytes())], None).diagnostics)
