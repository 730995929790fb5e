"""What import-linter cannot say: one home each for some libraries, the environment, the streams and the exit."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "fastflow"
IMAGE = "emulator/"  # runs in a container of its own, where these rules have no meaning

# What may be imported where. Prefixes of paths below the package.
HOMES = {
    "python_on_whales": ("engines/worker.py",),
    "networkx": ("cycle.py",),
    "yaml": ("spec/",),
    "click": ("cli/",),
    "rich": ("report/",),
    "jinja2": ("report/html/",),
    "subprocess": ("app/checkout.py", "engines/", "run/command.py"),
    "signal": ("cli/signals.py", "engines/process.py", "engines/worker.py", "engines/workers.py", "run/command.py"),
}
# Names of modules' attributes, and where they may be used.
ATTRIBUTES = {
    "os.environ": ("app/environment.py", "engines/worker.py"),
    "os.getenv": (),
    "sys.exit": ("cli/main.py",),
    "sys.stdout": ("cli/",),
    "sys.stderr": ("cli/",),
    "os._exit": ("cli/signals.py", "engines/worker.py"),
    "sys.argv": ("cli/main.py", "engines/worker.py"),
}
LARGEST_FILE = 300
LARGEST_FUNCTION = 40


@cache
def sources() -> Sequence[tuple[str, ast.Module]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


@cache
def imported_by() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(imported(tree)) for name, tree in sources()}


@cache
def attributes_of() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(attributes(tree)) for name, tree in sources()}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def attributes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_home_only(library: str) -> None:
    strangers = [
        name
        for name, libraries in imported_by().items()
        if library in libraries and not name.startswith((*HOMES[library], IMAGE))
    ]
    assert strangers == []


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_environment_the_streams_and_the_exit_have_one_home(attribute: str) -> None:
    homes = (*ATTRIBUTES[attribute], IMAGE)
    strangers = [name for name, used in attributes_of().items() if attribute in used and not name.startswith(homes)]
    assert strangers == []


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    declared = {bound.partition(">=")[0].replace("-", "_") for bound in project["dependencies"]}
    others = {"yaml": "pyyaml", "fastflow": None, "_typeshed": None, "cryptography": None}  # the last: in the image
    used = {others.get(name, name) for names in imported_by().values() for name in names}
    assert used - sys.stdlib_module_names - {None} == declared


def test_engines_are_made_in_one_place() -> None:
    makers = [
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DockerEngine"
    ]
    assert makers == ["engines/opening.py"]


def test_no_file_and_no_function_grows_past_what_one_reads_at_once() -> None:
    large = []
    for name, tree in sources():
        length = max((getattr(node, "end_lineno", 0) or 0 for node in tree.body), default=0)
        large += [f"{name}: {length} lines"] if length > LARGEST_FILE else []
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or 0) - node.lineno + 1
                large += [f"{name}:{node.lineno} {node.name}: {lines} lines"] if lines > LARGEST_FUNCTION else []
    assert large == []
