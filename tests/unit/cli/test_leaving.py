"""Streams that take nothing when fastflow ends; on Python 3.13 `test_boundary` shows it for the commands."""

import os
from pathlib import Path

from fastflow.cli.leaving import drop_unwritten


def test_what_a_full_disk_does_not_take_is_dropped() -> None:
    with Path("/dev/full").open("w") as stream:
        stream.write("lost")
        drop_unwritten(stream)
        assert Path(f"/proc/self/fd/{stream.fileno()}").readlink() == Path(os.devnull)


def test_a_stream_that_is_closed_or_not_there_is_fine(tmp_path: Path) -> None:
    drop_unwritten(None)
    with (tmp_path / "closed").open("w") as stream:
        pass
    drop_unwritten(stream)
