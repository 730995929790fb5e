"""The calls to an engine in memory: what was asked for, what fails, what hangs until it is interrupted."""

import threading
import time
from collections.abc import Callable

from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError


class FakeCalls:
    """`calls` tells what was asked for, `patient` what of it may wait.

    `faults` make calls fail: `{"pull web:1": EngineError(...)}`; one in `hanging` ends with its timeout, or when it is
    interrupted, and `late` is what the engine makes of it all the same.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.patient: list[str] = []
        self.faults: dict[str, EngineError] = {}
        self.hanging: set[str] = set()
        self.late: Callable[[], None] = lambda: None
        self._is_settled = True
        self._interrupts = 0
        self._interrupted = threading.Condition()

    def interrupt(self) -> None:
        """End every call that hangs."""
        with self._interrupted:
            self._interrupts += 1
            self._interrupted.notify_all()

    def settle(self) -> bool:
        """Make what calls asked for that were broken off; False where none was."""
        if self._is_settled:
            return False
        self._is_settled = True
        self.late()
        return True

    def called(self, call: str, timeout: float = 60.0, *, may_wait: bool = False) -> None:
        """Take notice of a call, which may be one that fails or hangs."""
        self.calls.append(call)
        self.patient.extend([call] * may_wait)
        if call in self.hanging:
            since, deadline = self._interrupts, time.monotonic() + timeout
            with self._interrupted:
                self._is_settled = False
                if self._interrupted.wait_for(lambda: self._interrupts != since, deadline - time.monotonic()):
                    raise EngineCallError(f"`{call}` was interrupted", None, call)
            raise EngineTimeoutError(f"`{call}` did not end within {timeout:g} s", None, call)
        if call in self.faults:
            raise self.faults[call]
