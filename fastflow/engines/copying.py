"""Packs files for containers, and unpacks theirs. Only plain files and directories come out: nothing is trusted."""

import errno
import io
import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from fastflow.errors import EngineError
from fastflow.files import is_file

LARGEST_COPY = 1 << 30
"""Maximum number of bytes copied out of one container; a report has some kilobytes."""
_DOES_NOT_FIT = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)


def unpack(stream: IO[bytes], target: Path, largest: int = LARGEST_COPY) -> None:
    """Write the files and directories of a tar stream below `target`; links, devices and `..` are left out.

    Files keep the time at which they were written, to the second.

    Raises EngineError if the content is larger than `largest` bytes, or cannot be written.
    """
    room = largest
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                room -= member.size if member.isreg() else 0
                if room < 0:
                    raise EngineError(f"copying to {target} would exceed {largest >> 20} MiB")
                path = _place(target, member.name)
                if path is not None:
                    _write(archive, member, path, target)
    except tarfile.TarError:
        return  # files so far are kept; a broken connection has its own error


def packed(path: str, content: IO[bytes] | None = None) -> bytes:
    """A tar archive for the root directory: a file at `path` that all can read, or a directory all can write to."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo(path.lstrip("/"))
        if content is None:
            member.type, member.mode = tarfile.DIRTYPE, 0o777
        else:
            member.mode, member.size = 0o644, os.fstat(content.fileno()).st_size
        archive.addfile(member, content)
    return made.getvalue()


def _place(target: Path, name: str) -> Path | None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        return None
    path = target.joinpath(*parts)
    inside = [parent for parent in path.parents if parent.is_relative_to(target) and parent != target]
    return None if any(parent.is_symlink() for parent in inside) else path


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, target: Path) -> None:
    try:
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        elif member.isreg():
            content = archive.extractfile(member)
            assert content is not None
            with _create(path) as file:
                shutil.copyfileobj(content, file)
            os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)
        elif member.islnk():
            first = _place(target, member.linkname)
            if first is not None and is_file(first) and not first.is_symlink():
                with first.open("rb") as content, _create(path) as file:
                    shutil.copyfileobj(content, file)
    except OSError as error:
        if error.errno not in _DOES_NOT_FIT:
            raise EngineError(f"{path} could not be written: {error.strerror}") from None


def _create(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644), "wb")
