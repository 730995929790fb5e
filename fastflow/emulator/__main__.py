"""`python -m emulator cloud|node`: what the image's containers run.

The process is its container's PID 1, where a signal without a handler does nothing: handlers come before all else.
"""

import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType

MODES = ("recording", "testing", "report")


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the cloud or a node; give the exit code that FAST's documentation names."""
    part = arguments[0] if len(arguments) == 1 else ""
    mode = environment.get("CI_MODE", "")
    _obey_signals(0 if part == "cloud" or mode == "recording" else 1)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # it is a TextIOWrapper
    if part == "cloud":
        from .cloud.api import run_cloud  # noqa: PLC0415  # each part starts without what the others need

        return run_cloud(environment)
    if part != "node":
        print("usage: python -m emulator cloud|node", file=sys.stderr)
        return 2
    if mode not in MODES:
        print(f"[error] CI_MODE is {mode!r}, but must be one of {', '.join(MODES)}", flush=True)
        return 1
    from .node.start import run_node  # noqa: PLC0415  # as above

    return run_node(mode, environment)


def _obey_signals(code: int) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        os._exit(code)  # nothing has been done yet that needs an end

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


if __name__ == "__main__":
    exit_code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    os._exit(exit_code)  # at once: a look-up of a name that nobody answers would hold the interpreter for long
