"""The standard streams: none that is closed, and no reader that has gone, ends a command or changes its exit code."""

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
"""What a stream answers that nobody reads: its reader has gone, or it is not open for writing."""


class _Forgiving(io.FileIO):
    """A descriptor for output. Once nobody reads it, it leads to /dev/null.

    Standard error does so too when it takes nothing for another reason, such as a full disk: the exit code has to do.
    """

    is_read = True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some bytes; those that nobody reads are dropped. Raises OSError where the system takes none."""
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
    """Open what the caller has closed, and let output forgive: call it before anything else opens a file.

    A closed descriptor is the next that a file gets: what a command or its children print would go into that file.
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
    """Write what is left of a stream, or drop it if nothing takes it: Python 3.13 would end with 120 for that."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # closed, or no file at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_read(stream: TextIO) -> bool:
    """Whether a stream still has a reader; what is no pipe always has one."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    if isinstance(raw, _Forgiving) and not raw.is_read:
        return False
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return not any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))
    except (OSError, ValueError):  # a stream within this process
        return True
