"""Where runs are kept: next to their spec or in a chosen directory, and which of those there are whose."""

import json
from pathlib import Path

import pytest

from fastflow.errors import FastflowError
from fastflow.masking import Masker
from fastflow.record.folder import RunFolder
from fastflow.record.place import NEXT_TO_SPEC, RunsDir


def kept(directory: Path, run: str, place: RunsDir) -> RunFolder:
    """The folder of a run of a spec in that directory."""
    directory.mkdir(exist_ok=True)
    folder = RunFolder(directory, run, Masker(), place)
    folder.close()
    return folder


@pytest.fixture
def place(tmp_path: Path) -> RunsDir:
    return RunsDir(tmp_path / "new" / "place")


def test_runs_are_folders_of_the_chosen_directory_itself(tmp_path: Path, place: RunsDir) -> None:
    assert kept(tmp_path / "shop", "r1", place).path == tmp_path / "new/place/r1"
    assert not (tmp_path / "shop/.fastflow").exists()
    assert place.folder(f"{tmp_path}/shop/fastflow.yml", "r1") == tmp_path / "new/place/r1"
    assert NEXT_TO_SPEC.folder("/shop/fastflow.yml", "r1") == Path("/shop/.fastflow/runs/r1")


def test_git_ignores_what_is_fastflows_alone(tmp_path: Path, place: RunsDir) -> None:
    for directory in (tmp_path / "shop", tmp_path / "new/place"):
        kept(tmp_path / "shop", "r1", RunsDir(directory))
        assert not (directory / ".gitignore").exists(), "other files may be there"
        assert (directory / "r1/.gitignore").read_text() == "*\n"
    kept(tmp_path / "shop", "r2", NEXT_TO_SPEC)
    assert [path.parent.name for path in (tmp_path / "shop/.fastflow").rglob(".gitignore")] == [".fastflow"]


def test_runs_of_specs_in_other_directories_are_not_meant(tmp_path: Path, place: RunsDir) -> None:
    own = kept(tmp_path / "shop", "r1", place)
    other = kept(tmp_path / "bank", "r2", place)
    later = kept(tmp_path / "shop", "r3", place)
    (tmp_path / "link").symlink_to("shop")
    assert place.folders(tmp_path / "link") == [later.path, own.path]
    assert place.all_folders(tmp_path / "shop") == [later.path, other.path, own.path]
    assert later.earlier() == [own.path]
    assert own.earlier() == []
    assert own.is_of_checkout("r3")
    assert not own.is_of_checkout("r2")
    assert not own.is_of_checkout("r4")


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"directory": "/shop", "device": "x", "inode": 1}', "[" * 99_999]
)
def test_folder_that_does_not_say_whose_it_is_counts_as_earlier_but_never_as_live(
    tmp_path: Path, place: RunsDir, text: str | None
) -> None:
    folder = kept(tmp_path / "shop", "r1", place)
    said = folder.path / "checkout.json"
    said.unlink() if text is None else said.write_text(text)
    assert place.folders(tmp_path / "bank") == [folder.path]
    assert not folder.is_of_checkout("r1")


def test_checkouts_in_containers_under_one_path_are_told_apart(tmp_path: Path, place: RunsDir) -> None:
    folder = kept(tmp_path / "shop", "r1", place)
    (tmp_path / "shop").rename(tmp_path / "there")
    (tmp_path / "shop").mkdir()  # the path is the same, and the directory is another one
    assert not place.has_from(tmp_path / "shop", "r1")
    assert place.folders(tmp_path / "shop") == [folder.path], "an earlier run is one of the path"
    assert json.loads((folder.path / "checkout.json").read_text())["directory"] == str(tmp_path / "shop")
    (tmp_path / "shop").rmdir()
    assert not place.has_from(tmp_path / "shop", "r1")


@pytest.mark.parametrize("chosen", [True, False])
def test_directory_that_cannot_be_written_says_what_to_do(tmp_path: Path, chosen: bool) -> None:
    (tmp_path / "file").write_text("")
    place = RunsDir(tmp_path / "file/below") if chosen else NEXT_TO_SPEC
    with pytest.raises(FastflowError, match="cannot be written: not a directory") as failure:
        RunFolder(tmp_path if chosen else tmp_path / "file", "r1", Masker(), place)
    assert failure.value.hint == "choose a directory that this user can write to: --runs-dir DIR"
