"""Questions about files whose names people wrote.

pathlib's own raise on a name that is too long, in a directory that nobody may enter, and on circular links (until
Python 3.14 and 3.13). Here such a file counts as missing: the code that opens it next says why, and what named it.
"""

import os
from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether there is a file that can be accessed."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: Path) -> bool:
    """Whether there is a directory that can be accessed."""
    return os.path.isdir(path)  # noqa: PTH112


def exists(path: Path) -> bool:
    """Whether there is anything that can be accessed."""
    return os.path.exists(path)  # noqa: PTH110


def resolved(path: Path) -> Path:
    """The absolute path with links resolved, as far as possible."""
    return Path(os.path.realpath(path))


def matching(directory: Path, pattern: str) -> list[Path]:
    """The entries of a directory that match a glob pattern, sorted by name; none if it cannot be accessed."""
    return sorted(directory.glob(pattern)) if is_directory(directory) else []
