"""Signals reach a run whichever thread the kernel gives them to, and whatever the main thread waits for."""

import subprocess
import sys

import pytest

# The main thread waits for a lock without an end, as a run waits for its phases; another thread takes the signal.
RUN = """
import queue, signal, sys, threading
from fastflow.cli.signals import interruption
from fastflow.run.observer import Cancellation

before = signal.getsignal(signal.SIGINT)
ended = queue.SimpleQueue()
cancellation = Cancellation()
cancellation.watchers.append(lambda: ended.put(None))
other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()

def send():
    for number in map(int, sys.argv[1:]):
        signal.pthread_kill(other.ident, number)

with interruption(cancellation, print) as signals:
    signals.is_running = True
    threading.Timer(0.2, send).start()
    ended.get()
    print(cancellation.reason)
assert signal.getsignal(signal.SIGINT) is before
"""


@pytest.mark.parametrize(
    ("number", "name"), [(2, "SIGINT"), (15, "SIGTERM"), (1, "SIGHUP")], ids=["SIGINT", "SIGTERM", "SIGHUP"]
)
def test_a_signal_that_another_thread_gets_stops_the_run(number: int, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(number)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{name}: stopping gracefully; repeat it to end fastflow at once",
        f"interrupted by {name}",
    ]


def test_a_second_one_ends_it_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN.replace("ended.get()", "threading.Event().wait()"), "15", "2"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode in (130, 143)  # signals have no order


# Registered first, so that it comes last: Python is ending, and what the run came to is written down.
ENDING = """
import atexit, os, sys
from fastflow.cli.signals import interruption
from fastflow.run.observer import Cancellation

atexit.register(lambda: os.kill(os.getpid(), int(sys.argv[1])))
with interruption(Cancellation(), print):
    pass
sys.exit(3)
"""


@pytest.mark.parametrize("number", [2, 15, 1])
def test_a_signal_while_python_ends_does_not_change_the_exit_code(number: int) -> None:
    done = subprocess.run([sys.executable, "-c", ENDING, str(number)], capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (3, b"")
