"""What `validate` leaves alone: it runs on every commit, and most of its time is imports."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sys.modules))
sys.argv = ["fastflow", "validate", "examples/fastflow.yml"]
from fastflow.cli.main import main
main()
"""
LEFT_ALONE = {
    *("networkx", "python_on_whales", "rich", "jinja2", "h11", "json", "importlib.metadata", "difflib"),
    *("fastflow.run", "fastflow.plan", "fastflow.compose", "fastflow.engines", "fastflow.record"),
    *("fastflow.cycle", "fastflow.check.ignores", "fastflow.check.ci_variables"),
    *("fastflow.model.faults", "fastflow.model.accept", "fastflow.spec.equality", "fastflow.spec.writer"),
}


def test_a_sound_spec_without_variables_or_dependencies_loads_nothing_for_them() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("no findings"), done
    assert set(done.stdout.split()) & LEFT_ALONE == set()
