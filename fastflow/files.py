"""Questions about files whose names people wrote.

pathlib's own raise on a name that is too long, in a directory that nobody may enter, and on links in a circle (until
Python 3.14 and 3.13). Here such a file is none: whoever opens it next says why, with the place that names it.
"""

import os
from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether there is a file that can be looked at."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: Path) -> bool:
    """Whether there is a directory that can be looked at."""
    return os.path.isdir(path)  # noqa: PTH112


def exists(path: Path) -> bool:
    """Whether there is anything that can be looked at."""
    return os.path.exists(path)  # noqa: PTH110


def resolved(path: Path) -> Path:
    """The absolute path without links, as far as they lead."""
    return Path(os.path.realpath(path))


def matching(directory: Path, pattern: str) -> list[Path]:
    """What is in a directory that can be looked at, by a pattern of glob's, in the order of the names."""
    return sorted(directory.glob(pattern)) if is_directory(directory) else []
