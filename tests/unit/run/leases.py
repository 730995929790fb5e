"""Leases of other runs."""

from fastflow.run.container import Container
from fastflow.run.lease import LeaseKey, token_fingerprint
from tests.unit.run.stage import TOKEN, Stage


def key(build_id: str | None = "web1") -> LeaseKey:
    return LeaseKey(token_fingerprint(TOKEN), build_id)


def held_by(stage: Stage, lease: LeaseKey, run: str = "r0") -> Container:
    """Let another run have a lease."""
    labels = {"role": "lease", "run": run, "token": lease.token, "build-id": lease.build_id or "", "host": "ci-1"}
    held = stage.engine.hold(lease.name, "app:1", {f"io.fastflow.{name}": value for name, value in labels.items()})
    assert held is not None
    return stage.engine.inspect([held.container_id])[0]
