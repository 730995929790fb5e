"""The package as it is published: built, checked as an index does, and installed as users do."""

import email.message
import os
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest

from fastflow import __version__

from .packaging_tools import BIN, tool

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("package")]
ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
INSTALLERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pip": (
        ("python", "-m", "venv", "--without-pip", "{home}/venv"),
        ("pip", "--python", "{home}/venv/bin/python", "install", "--quiet", "{wheel}"),
    ),
    "pipx": (("pipx", "install", "{wheel}"),),
    "uv": (("uv", "tool", "install", "--quiet", "{wheel}"),),
}
PROGRAMS = {"pip": "venv/bin/fastflow", "pipx": "bin/fastflow", "uv": "bin/fastflow"}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the source distribution, and the wheel that was built from it."""
    directory = tmp_path_factory.mktemp("dist")
    tool("python", "-m", "build", "--no-isolation", "--outdir", directory, ROOT)
    return directory


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (made,) = built.glob("*.whl")
    return made


@pytest.fixture
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())


def test_the_package_passes_the_checks_of_the_release(built: Path) -> None:
    tool("twine", "check", "--strict", *built.iterdir())
    tool("check-wheel-contents", built)
    (source,) = built.glob("*.tar.gz")
    tool("pyroma", "--min", "9", source)


def test_the_package_says_what_it_is(metadata: email.message.Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("fastflow-ci", __version__)
    assert metadata["License-Expression"] == "Apache-2.0"
    addresses = {entry.partition(", ")[0] for entry in metadata.get_all("Project-URL", [])}
    assert addresses >= {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    pythons = [entry for entry in metadata.get_all("Classifier", []) if re.search(r":: 3\.\d+$", entry)]
    assert [entry.rpartition(".")[2] for entry in pythons] == ["11", "12", "13", "14"]


def test_pictures_and_links_of_the_description_are_reached_from_an_index(metadata: email.message.Message) -> None:
    text = re.sub(r"^```.*?^```$", "", str(metadata.get_payload()), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    base = "github" + f"usercontent.com/fastflow-ci/fastflow/v{__version__}/docs/pictures/"
    assert [target for target in targets if base in target]


def test_the_source_has_the_manual_pages_and_no_hidden_files(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "packaging" / "man").iterdir()} <= names
    assert {name for name in names if name.startswith(".")} <= {".gitignore"}  # which hatchling puts there


@pytest.mark.parametrize("installer", INSTALLERS)
def test_it_is_installed_and_runs(installer: str, wheel: Path, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PIPX_HOME": f"{tmp_path}/pipx", "PIPX_BIN_DIR": f"{tmp_path}/bin"}
    environment |= {
        "PIPX_MAN_DIR": f"{tmp_path}/man",
        "UV_TOOL_DIR": f"{tmp_path}/uv",
        "UV_TOOL_BIN_DIR": f"{tmp_path}/bin",
    }
    environment |= {"UV_PYTHON": str(BIN / "python"), "UV_PYTHON_DOWNLOADS": "never", "UV_LINK_MODE": "copy"}
    environment |= {name: os.environ[name] for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR") if name in os.environ}
    for call in INSTALLERS[installer]:
        name, *words = (word.format(home=tmp_path, wheel=wheel) for word in call)
        tool(name, *words, **environment)
    program = (tmp_path / PROGRAMS[installer]).resolve()
    for command in ([program], [program.with_name("python"), "-m", "fastflow"]):
        said = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert said == f"fastflow {__version__}\n"
    assert list(program.parents[1].glob("share/man/man1/fastflow-up.1"))


# The workflow of a release
def scripts() -> Iterator[str]:
    """The commands of the workflow."""
    yield from re.findall(r"- run: (.*)", WORKFLOW.read_text(encoding="utf-8"))


def test_the_workflow_of_a_release_keeps_to_its_schema() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW)


def test_the_workflow_makes_the_checks_that_are_made_here() -> None:
    assert {"twine check --strict dist/*", "check-wheel-contents dist", "pyroma --min 9 dist/*.tar.gz"} <= set(
        scripts()
    )
