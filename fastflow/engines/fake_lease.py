"""A lease on an engine in memory."""

from fastflow.run.ports import Engine


class FakeLease:
    """A lease on a fake engine."""

    def __init__(self, engine: Engine, container_id: str) -> None:
        self.container_id = container_id
        self._engine = engine

    @property
    def is_held(self) -> bool:
        """Whether its container still runs."""
        return any(found.status == "running" for found in self._engine.inspect([self.container_id]))

    def release(self) -> None:
        """Give the name back."""
        self._engine.remove_containers([self.container_id])
