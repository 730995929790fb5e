"""The standard streams: a closed stream or a disconnected reader neither ends a command nor changes its exit code."""

import errno
import io
import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from fastflow.report.encoding import forgive

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDERR = 2
_UNREAD = (errno.EPIPE, errno.ECONNRESET, errno.EBADF)
"""The errors of a stream that nobody reads: its reader has gone, or it is not open for writing."""


class _Forgiving(io.FileIO):
    """A descriptor for output. Once nobody reads it, it points to /dev/null.

    Standard error does so too if it fails for another reason, such as a full disk: the exit code must suffice.
    """

    is_read = True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some bytes; those that nobody reads are dropped. Raises OSError if the system takes none."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _UNREAD and self.fileno() != _STDERR:
                raise
        self.is_read = False
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), self.fileno())
        return super().write(data)


def settle_streams() -> None:
    """Open streams that the caller has closed, and make output forgiving: call it before anything else opens a file.

    The next file would get a closed descriptor, and the output of a command or its children would go into that file.
    """
    for number in range(_STDERR + 1):
        _open(number)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", errors="replace", closefd=False)
    sys.stdout = _forgiving(sys.stdout, 1)
    sys.stderr = _forgiving(sys.stderr, _STDERR)


def _open(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)


def _forgiving(stream: TextIO | None, number: int) -> TextIO:
    raw = _Forgiving(number, "wb", closefd=False)
    encoding = stream.encoding if stream is not None else "utf-8"
    made = io.TextIOWrapper(io.BufferedWriter(raw), encoding, line_buffering=number == _STDERR or raw.isatty())
    forgive(made)
    return made


def drop_unwritten(stream: TextIO | None) -> None:
    """Write the rest of a stream, or drop it if that fails: Python 3.13 would otherwise end with 120."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # closed, or not a file at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_read(stream: TextIO) -> bool:
    """Whether a stream still has a reader; always true if it is not a pipe."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    if isinstance(raw, _Forgiving) and not raw.is_read:
        return False
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return not any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))
    except (OSError, ValueError):  # a stream within this process
        return True
