"""Specs for the tests of the checks, as text."""

from pathlib import Path

from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic
from fastflow.pipeline import SpecText, check


def findings(text: str, values: dict[str, str] | None = None, directory: Path = Path()) -> tuple[Diagnostic, ...]:
    """What all checks say of one spec."""
    return check([SpecText("fastflow.yml", directory, text.encode())], values).diagnostics


def rules(text: str, values: dict[str, str] | None = None, directory: Path = Path()) -> list[str]:
    """The rules that find something, in the order of their findings."""
    return [found.rule for found in findings(text, values, directory)]


def facts_of(text: str) -> Facts:
    """The facts of one spec without faults of its shape."""
    (facts,) = check([SpecText("fastflow.yml", Path(), text.encode())], None).specs
    assert facts.is_whole
    return facts
