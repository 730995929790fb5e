"""Files that users name: never more than 5 MB of them, and none that could block."""

import os
from pathlib import Path

import pytest

from fastflow.spec.reader import MAX_BYTES, read_limited
from fastflow.spec.values import EnvFileError, read_env_file


def sparse(path: Path) -> Path:
    """A file that is far larger than the memory, and takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(1 << 40)
    return path


def test_a_file_is_read_to_one_byte_past_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x: 1\n")
    assert read_limited(tmp_path / "a") == b"x: 1\n"
    assert len(read_limited(sparse(tmp_path / "b"))) == MAX_BYTES + 1


def test_a_pipe_or_a_device_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            read_limited(path)


def test_what_is_missing_or_a_directory_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_limited(tmp_path / "gone")
    with pytest.raises(IsADirectoryError):
        read_limited(tmp_path)


def test_an_env_file_has_a_limit_and_no_nul(tmp_path: Path) -> None:
    (tmp_path / "nul").write_bytes(b"A=x\0y\n")
    with pytest.raises(EnvFileError, match="line 1: it contains a NUL byte"):
        read_env_file(tmp_path / "nul")
    with pytest.raises(EnvFileError, match="more than 5,000,000"):
        read_env_file(sparse(tmp_path / "huge"))
