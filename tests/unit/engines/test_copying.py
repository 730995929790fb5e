"""What comes out of an archive that nobody vouches for: plain files and directories below the target, nothing else."""

import io
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.engines.copying import unpack
from fastflow.errors import EngineError

WRITTEN = 1_700_000_000


def entry(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mtime = kind, link, WRITTEN
    member.size = len(content) if kind == tarfile.REGTYPE else 0
    return member


def archive(*members: tuple[tarfile.TarInfo, bytes] | tarfile.TarInfo) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as written:
        for one in members:
            member, content = one if isinstance(one, tuple) else (one, b"x")
            written.addfile(member, io.BytesIO(content))
    stream.seek(0)
    return stream


def held(target: Path) -> dict[str, bytes]:
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def test_files_and_directories_keep_their_places_and_times(tmp_path: Path) -> None:
    unpack(archive(entry("./reports", kind=tarfile.DIRTYPE), (entry("./reports/a.json", b"{}"), b"{}")), tmp_path)
    assert held(tmp_path) == {"reports/a.json": b"{}"}
    assert (tmp_path / "reports/a.json").stat().st_mtime == WRITTEN


def test_a_file_needs_no_entry_of_its_directory_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    unpack(archive(entry("a/b/c.txt")), tmp_path)
    unpack(archive((entry("a/b/c.txt", b"new"), b"new")), tmp_path)
    assert held(tmp_path) == {"a/b/c.txt": b"new"}


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/out", "..", "a/..", "."])
def test_nothing_leaves_the_target(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    unpack(archive(entry(name), entry("in")), target)
    assert held(tmp_path) == {"target/in": b"x"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_pipes_and_devices_are_left_out(tmp_path: Path, kind: bytes) -> None:
    unpack(archive(entry("odd", kind=kind, link="/etc/passwd"), entry("in")), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_link_that_is_there_is_neither_followed_nor_written_through(tmp_path: Path) -> None:
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (outside / "file").write_text("old")
    (target / "directory").symlink_to(outside)
    (target / "file").symlink_to(outside / "file")
    unpack(archive(entry("directory/new"), entry("file"), entry("in")), target)
    assert held(outside) == {"file": b"old"}
    assert (target / "in").exists()


def test_a_hard_link_is_a_copy_of_a_file_that_came_before(tmp_path: Path) -> None:
    links = (entry(name, kind=tarfile.LNKTYPE, link="a") for name in ("b", "without/entry"))
    unpack(archive((entry("a", b"one"), b"one"), *links), tmp_path)
    assert held(tmp_path) == {"a": b"one", "b": b"one", "without/entry": b"one"}
    assert (tmp_path / "a").stat().st_nlink == 1


@pytest.mark.parametrize("link", ["/etc/hostname", "../secret", "nothing", "link", ""])
def test_a_hard_link_to_anything_else_is_left_out(tmp_path: Path, link: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "secret").write_text("secret")
    (target / "link").symlink_to(tmp_path / "secret")
    unpack(archive(entry("b", kind=tarfile.LNKTYPE, link=link)), target)
    assert not (target / "b").exists()


def test_what_does_not_fit_what_is_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "directory").mkdir()
    names = ("file/below", "directory", "n" * 300, "in")
    unpack(archive(*(entry(name) for name in names)), tmp_path)
    assert held(tmp_path) == {"file": b"x", "in": b"x"}


def test_too_much_is_refused_before_it_is_written(tmp_path: Path) -> None:
    content = bytes(2 << 20)
    with pytest.raises(EngineError, match=rf"^copying to {tmp_path} would exceed 1 MiB$"):
        unpack(archive((entry("big", content), content)), tmp_path, largest=1 << 20)
    assert held(tmp_path) == {}


def test_many_small_files_count_together(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="would exceed"):
        unpack(archive(*((entry(str(number), b"12345"), b"12345") for number in range(3))), tmp_path, largest=12)
    assert len(held(tmp_path)) == 2


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100])
def test_what_is_no_archive_holds_nothing(tmp_path: Path, content: bytes) -> None:
    unpack(io.BytesIO(content), tmp_path)
    assert held(tmp_path) == {}


def test_of_an_archive_that_is_cut_short_there_is_what_came(tmp_path: Path) -> None:
    whole = archive(entry("a"), (entry("b", bytes(4096)), bytes(4096))).getvalue()
    unpack(io.BytesIO(whole[: 512 * 4]), tmp_path)
    assert held(tmp_path)["a"] == b"x"


def test_a_target_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    name = next(name for name in ("/proc/1/task", "/sys/kernel") if Path(name).is_dir())
    with pytest.raises(EngineError, match=f"^{name}/a could not be written: "):
        unpack(archive(entry("a")), Path(name))


NAMES = st.lists(st.sampled_from(["a", "b", "..", ".", "", "link"]), min_size=1, max_size=4).map("/".join)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])


@given(st.lists(st.tuples(NAMES, KINDS, NAMES), max_size=6))
def test_whatever_is_in_it_nothing_outside_changes_and_no_link_comes_to_be(
    members: Iterable[tuple[str, bytes, str]],
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch, "in", "target")
        target.mkdir(parents=True)
        (target / "link").symlink_to(scratch)
        unpack(archive(*(entry(name or "a", kind=kind, link=link) for name, kind, link in members)), target)
        assert [path.name for path in Path(scratch).iterdir()] == ["in"]
        assert [path.name for path in target.parent.iterdir()] == ["target"]
        kinds = [path for path in target.rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())]
        assert kinds == [target / "link"]
        assert (target / "link").readlink() == Path(scratch)
