"""Microsoft's SARIF Multitool, as `scripts/sarif-multitool` makes it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

_TOOL = Path(__file__).parents[2] / ".state/sarif/node_modules/@microsoft/sarif-multitool-linux" / "Sarif.Multitool"
_KINDS = "Sarif;Gh"  # the standard's own rules, and what GitHub's code scanning wants besides
# The project has no page of its own that the log could name.
KNOWN = {"SARIF2005"}


def complaints(log: Path, level: str = "Error;Warning") -> list[str]:
    """The ids of the rules that a SARIF log breaks, each with its message; its exit code would not tell."""
    if not _TOOL.is_file():
        pytest.fail("the SARIF Multitool is missing; get it with `make sarif`")
    ended = subprocess.run(
        [_TOOL, "validate", log, "--rule-kind", _KINDS, "--level", level],
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "Analysis completed successfully." in ended.stdout, ended.stdout + ended.stderr
    return [f"{rule}: {text}" for rule, text in re.findall(r"(?:error|warning) (\w+): (.*)", ended.stdout)]
