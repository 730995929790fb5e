"""The tools that build, check and install a package, as `scripts/packaging` makes them."""

import os
import subprocess
from pathlib import Path

import pytest

BIN = Path(__file__).parents[2] / ".state" / "packaging" / "bin"


def tool(name: str, *words: object, **environment: str) -> str:
    """Run one, which has to succeed; return what it printed."""
    if not (BIN.parent / "complete").exists():
        pytest.fail("the tools of packaging are missing; get them with `make packaging`")
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    path = f"{BIN}{os.pathsep}{kept['PATH']}"
    ended = subprocess.run(
        [name, *map(str, words)],
        env={**kept, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, f"{name}: {ended.stdout}{ended.stderr}"
    return ended.stdout
