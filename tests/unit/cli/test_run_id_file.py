"""`up --run-id-file`: the run's id for scripts, and never that of an earlier run."""

import os
from pathlib import Path

import pytest

from fastflow.app.run_id_file import RunIdFile
from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.errors import UsageError

pytestmark = pytest.mark.usefixtures("no_engine")


def test_the_id_is_that_of_the_folder_also_of_a_run_that_cannot_begin() -> None:
    assert guarded(cli, ["up", "--run-id-file", "new/run.id"]) == 3
    (folder,) = Path(".fastflow/runs").iterdir()
    assert Path("new/run.id").read_text() == f"{folder.name}\n"


def test_where_no_run_begins_there_is_no_id() -> None:
    Path("run.id").write_text("261124090000abcde\n")
    assert guarded(cli, ["up", "none.yml", "--run-id-file", "run.id"]) == 2
    assert Path("run.id").read_text() == ""


def test_a_file_of_something_else_is_left_alone() -> None:
    before = Path("fastflow.yml").read_bytes()
    assert guarded(cli, ["up", "--run-id-file", "fastflow.yml"]) == 2
    assert Path("fastflow.yml").read_bytes() == before
    assert not Path(".fastflow").exists()


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: is a directory"):
        RunIdFile(tmp_path).write("r1")


def test_a_pipe_is_written_once() -> None:
    reading, writing = os.pipe()
    RunIdFile(Path(f"/dev/fd/{writing}")).write("261124090000abcde")
    os.close(writing)
    assert os.read(reading, 100) == b"261124090000abcde\n"
    os.close(reading)
