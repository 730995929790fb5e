"""The interface of a run to its caller."""

from collections.abc import Callable, Iterable
from typing import Protocol

from fastflow.record.events import Listener
from fastflow.record.folder import RunFolder
from fastflow.run.observer import Cancellation
from fastflow.settings import RunSettings


class Console(Protocol):
    """The caller of a run: what it is shown, and how it stops the run."""

    @property
    def cancellation(self) -> Cancellation:
        """The cancellation that stops the run."""

    def say(self, message: str) -> None:
        """Show a message that is not one of the run's events."""

    def listeners(self, settings: RunSettings) -> Iterable[Listener]:
        """The listeners for the run's events."""

    def on_begin(self, last_effort: Callable[[], None]) -> None:
        """From now on `cancellation` stops the run, and `last_effort` kills what it has started."""

    def on_end(self, folder: RunFolder) -> None:
        """The run's folder is complete, even if the run could not begin."""
