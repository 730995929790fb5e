"""What the import of the language costs, and that pydantic still works if it asks its loader for something else."""

import subprocess
import sys


def _said(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_models_are_built_without_a_search_for_plugins() -> None:
    program = "import sys; from fastflow.model.cloud import Cloud; Cloud(); print('importlib.metadata' in sys.modules)"
    assert _said(program) == "False"


def test_the_real_loader_is_there_for_whoever_asks_for_more() -> None:
    program = "import fastflow.model.base; from pydantic.plugin._loader import PYDANTIC_ENTRY_POINT_GROUP as group"
    assert _said(f"{program}; print(group)") == "pydantic"
