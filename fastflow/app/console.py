"""Whoever starts a run, as a run sees them."""

from collections.abc import Callable, Iterable
from typing import Protocol

from fastflow.record.events import Listener
from fastflow.record.folder import RunFolder
from fastflow.run.observer import Cancellation
from fastflow.settings import RunSettings


class Console(Protocol):
    """Whoever starts a run: what they are told, and how they stop it."""

    @property
    def cancellation(self) -> Cancellation:
        """What stops the run."""

    def say(self, message: str) -> None:
        """Show something that is no event of the run's own."""

    def listeners(self, settings: RunSettings) -> Iterable[Listener]:
        """What is to hear of the run's events."""

    def on_begin(self, last_effort: Callable[[], None]) -> None:
        """From now on `cancellation` stops the run, and `last_effort` kills what it has started."""

    def on_end(self, folder: RunFolder) -> None:
        """The run's folder has all that it will have, also of a run that could not begin."""
