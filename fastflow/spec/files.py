"""The files that users name, read so that none of them can take all memory, or hold fastflow up."""

import errno
from pathlib import Path

from fastflow.spec.events import MAX_BYTES


def read_limited(path: Path) -> bytes:
    """Read at most 5 MB of a regular file and one byte more, which tells whoever decodes it that it is too large.

    Raises OSError, also for a pipe or a device: they may never end, and Docker Compose could not read them again.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "It is no regular file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
