"""Which files are sent to a cluster, and which are refused."""

import random
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from fastflow.check.facts import Facts
from fastflow.cluster.bundle import Shipment, pack, shipment_of, unpack
from fastflow.errors import UsageError
from fastflow.masking import Masker
from fastflow.pipeline import SpecText, load
from fastflow.record.folder import RunFolder
from fastflow.record.place import RunsDir

SPEC = """
workflows:
  web:
    build_id: 1
    compose: {compose}
    nodes:
      record: {{ mode: recording, source: {{ service: tests }} }}
"""
COMPOSE = "services: {{ app: {{ build: {context} }}, tests: {{ image: t:1, volumes: ['{volume}:/x'] }} }}\n"


def facts_of(directory: Path, compose: str = "compose.yml") -> Facts:
    text = SPEC.format(compose=compose).encode()
    (directory / "fastflow.yml").write_bytes(text)
    facts, _ = load(SpecText(str(directory / "fastflow.yml"), directory, text), {})
    assert facts is not None
    return facts


def project(directory: Path, context: str = ".", volume: str = "./data") -> Path:
    directory.mkdir(parents=True)
    (directory / "compose.yml").write_text(COMPOSE.format(context=context, volume=volume))
    return directory


def shipment(directory: Path, here: Path, **more: object) -> Shipment:
    return shipment_of(facts_of(directory), directory / "fastflow.yml", here, **more)  # type: ignore[arg-type]


def names(shipped: Shipment) -> set[str]:
    with tarfile.open(fileobj=BytesIO(pack(shipped)[0])) as archive:
        return {member.name for member in archive if not member.isdir()}


def test_the_specs_directory_is_shipped_without_what_is_nobodys_business(tmp_path: Path) -> None:
    base = project(tmp_path / "shop")
    for name in ("app.py", ".git/config", ".fastflow/runs/x", "a/__pycache__/b.pyc", ".env"):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text("x")
    (base / "link").symlink_to("app.py")
    shipped = shipment(base, tmp_path / "elsewhere")
    assert (shipped.root, shipped.spec) == (base, "fastflow.yml")
    found = {"app.py", ".env", "link", "compose.yml", "fastflow.yml"}
    assert names(shipped) == {f"files/{name}" for name in found}


def test_folders_of_runs_are_not_shipped_wherever_they_are_kept(tmp_path: Path) -> None:
    base = project(tmp_path / "shop")
    folder = RunFolder(base, "r1", Masker(), RunsDir(base / "out"))
    folder.close()
    for name in ("out/tests.json", "tests/checkout.json"):
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).write_text("{}")
    found = {"out/tests.json", "tests/checkout.json", "compose.yml", "fastflow.yml"}
    assert names(shipment(base, tmp_path / "elsewhere")) == {f"files/{name}" for name in found}


def test_files_above_the_spec_are_shipped_as_far_as_they_are_in_the_checkout(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    base = project(tmp_path / "tests" / "shop", context="../../src", volume="../data")
    for name in ("src/app.py", "tests/data/d.json", "other/no.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    shipped = shipment(base, Path("/"))
    assert (shipped.root, shipped.spec) == (tmp_path, "tests/shop/fastflow.yml")
    inside = {"src/app.py", "tests/data/d.json", "tests/shop/compose.yml", "tests/shop/fastflow.yml"}
    assert names(shipped) == {f"files/{name}" for name in inside}


@pytest.mark.parametrize("here", ["shop", "elsewhere"])
def test_files_above_that_nobody_expects_to_be_sent_are_refused(tmp_path: Path, here: str) -> None:
    base = project(tmp_path / "shop", context="../src")
    (tmp_path / "src").mkdir()
    with pytest.raises(UsageError, match=r"src is needed on the cluster, but is outside of .*shop") as raised:
        shipment(base, tmp_path / here)
    assert "move the spec up" in (raised.value.hint or "")


def test_the_current_directory_may_be_the_top(tmp_path: Path) -> None:
    base = project(tmp_path / "shop", context="../src")
    (tmp_path / "src").mkdir()
    assert shipment(base, tmp_path).root == tmp_path


def test_paths_of_an_inline_document_count_as_well(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "src").mkdir()
    compose = "{ services: { tests: { build: ../src } } }"
    facts = facts_of(tmp_path / "shop", compose)
    with pytest.raises(UsageError, match="src is needed"):
        shipment_of(facts, tmp_path / "shop" / "fastflow.yml", tmp_path / "shop")


def written(content: bytes, directory: Path) -> Path:
    file = directory / "bundle.tgz"
    file.write_bytes(content)
    return file


def test_environment_files_and_the_resumed_run_come_along(tmp_path: Path) -> None:
    base = project(tmp_path / "shop")
    (tmp_path / "ci.env").write_text("A=1")
    earlier = tmp_path / "runs" / "r0"
    earlier.mkdir(parents=True)
    (earlier / "result.json").write_text("{}")
    (earlier / "report.html").write_text("large")
    (earlier / "records").mkdir()
    (earlier / "records/web.record.har").write_text("{}")
    (earlier / "records/web.record.har").chmod(0o600)
    shipped = shipment(base, tmp_path, env_files=(str(tmp_path / "ci.env"),), earlier=earlier)
    content, kept_back = pack(shipped)
    unpack(written(content, tmp_path), tmp_path / "out", kept_back)
    assert (tmp_path / "out/env-files/0").read_text() == "A=1"
    come = sorted((tmp_path / "out/earlier/r0").glob("**/*.*"))
    assert [path.name for path in come] == ["web.record.har", "result.json"]
    assert come[0].stat().st_mode & 0o077 == 0


def test_too_much_is_refused_and_the_largest_are_named(tmp_path: Path) -> None:
    base = project(tmp_path / "shop")
    (base / "video.bin").write_bytes(random.Random(1).randbytes(1_200_000))
    with pytest.raises(UsageError, match=r"too large for a cluster: 1\.2 MB compressed.*video\.bin \(1\.2 MB\)"):
        pack(shipment(base, tmp_path))
    content, _ = pack(shipment(base, tmp_path), largest=2_000_000)
    assert len(content) > 1_200_000


def test_a_file_that_holds_the_token_is_not_in_the_archive(tmp_path: Path) -> None:
    base = project(tmp_path / "shop")
    (base / ".env").write_text("WALLARM_API_TOKEN=tok-5ecre7\nA=1\n")
    (base / "ci.env").write_text("A=1\n")
    shipped = shipment(base, tmp_path)
    content, kept_back = pack(shipped, ["tok-5ecre7"])
    assert kept_back == {"files/.env": "WALLARM_API_TOKEN=tok-5ecre7\nA=1\n"}
    unpack(written(content, tmp_path), tmp_path / "out", {})
    assert not (tmp_path / "out/files/.env").exists()
    unpack(written(content, tmp_path), tmp_path / "out", kept_back)
    assert (tmp_path / "out/files/.env").read_text() == (base / ".env").read_text()
    assert (tmp_path / "out/files/ci.env").is_file()


def test_an_included_spec_comes_along(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    base = project(tmp_path / "shop")
    (tmp_path / "shared.yml").write_text("max_parallel: 2\n")
    text = b"include: [../shared.yml]\n" + SPEC.format(compose="compose.yml").encode()
    (base / "fastflow.yml").write_bytes(text)
    facts, found = load(SpecText(str(base / "fastflow.yml"), base, text), {})
    assert facts is not None, found
    assert "files/shared.yml" in names(shipment_of(facts, base / "fastflow.yml", base))
