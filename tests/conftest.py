"""What all tests need: properties that hold on slow machines, too, and signals as a shell leaves them."""

import os
import signal

import pytest
from hypothesis import settings

from fastflow.ci import ci_id

# No deadline for one example, and no database beside the code.
settings.register_profile("fastflow", deadline=None, database=None)
settings.load_profile("fastflow")


if ci_id(os.environ, "/", "1") is None:  # a CI system that is not known: its runs have no id
    os.environ.pop("CI", None)


@pytest.fixture(scope="session", autouse=True)
def signals_as_they_are() -> None:
    """Let signals end what tests start: what is ignored here, under nohup or in the background, is ignored there."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
