"""Whether a run goes on, by the lock that it holds on its file of events."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from fastflow.masking import Masker
from fastflow.record.folder import RunFolder
from fastflow.record.history import is_going_on, read_history

HOLDER = """
import sys, pathlib
from fastflow.masking import Masker
from fastflow.record.folder import RunFolder
folder = RunFolder(pathlib.Path(sys.argv[1]), "r1", Masker())
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_run_goes_on_until_its_folder_is_closed_however_old_its_files_are(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "r1", Masker())
    os.utime(folder.path / "events.jsonl", (0, 0))
    assert is_going_on(folder.path)
    assert is_going_on(folder.path)  # looking takes nothing
    folder.close()
    assert not is_going_on(folder.path)


def test_a_run_ends_with_its_process(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        path = tmp_path / ".fastflow" / "runs" / "r1"
        assert is_going_on(path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not is_going_on(path)


def test_what_is_not_there_does_not_go_on(tmp_path: Path) -> None:
    assert not is_going_on(tmp_path / "nothing")


def test_a_line_that_is_no_event_hides_none_of_the_others(tmp_path: Path) -> None:
    event = '{"time": "", "type": "phase", "phase": "web.test", "state": "passed", "reason": null, "mode": "testing"}'
    (tmp_path / "events.jsonl").write_text("\n".join(("[1]", "3", "[" * 100_000, event, '{"half')))
    history = read_history(tmp_path)
    assert history is not None
    assert history.state("web.test") == "passed"
