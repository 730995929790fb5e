"""A lease on an engine in memory."""

from fastflow.run.engine import Engine


class FakeLease:
    """A lease on a fake engine."""

    def __init__(self, engine: Engine, container_id: str) -> None:
        self.container_id = container_id
        self._engine = engine

    def start(self) -> None:
        """It runs already."""

    def release(self) -> None:
        """Give the name back."""
        self._engine.api.remove_containers([self.container_id])
