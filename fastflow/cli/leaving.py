"""What is done with the streams when fastflow ends."""

import os
from contextlib import suppress
from typing import TextIO


def drop_unwritten(stream: TextIO | None) -> None:
    """Write what is left of a stream, or drop it if nothing takes it: Python 3.13 would end with 120 for that."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # closed, or no file at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
