"""The adapters of examples/scanners as modules, and what their scanners wrote on the example's shop (`captured`)."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCANNERS = Path(__file__).parents[3] / "examples" / "scanners"
CAPTURED = Path(__file__).parent / "captured"
TARGET = "http://app:3000"
SESSION = "session=aIFf_LfOWotQ0SqWvQzUmIrF8zL6wZje"


def shared(name: str) -> ModuleType:
    """A module of what all adapters share, as their images find it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCANNERS)
        return importlib.import_module(f"common.{name}")


def adapter(name: str) -> ModuleType:
    """An adapter's entry point."""
    shared("adapter")
    specification = importlib.util.spec_from_file_location(f"attack_{name}", SCANNERS / name / "attack.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def captured(name: str) -> Any:
    """A JSON file that a scanner, or mitmproxy, wrote; parts that no adapter reads were cut out."""
    return json.loads((CAPTURED / name).read_text())


def attack(*options: str, target: str = TARGET) -> Any:
    """The attack on the shop by its record."""
    environment = {"FASTFLOW_RECORD": str(CAPTURED / "record.har"), "FASTFLOW_TARGET": target, "BUILD_ID": "7"}
    return shared("adapter").read_attack(environment, options)
