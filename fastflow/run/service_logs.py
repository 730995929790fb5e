"""The logs of services that fail a phase: kept in the run's folder, since their containers will be gone."""

from contextlib import suppress

from fastflow.errors import EngineError
from fastflow.record.result import Evidence
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext


def keep_log(context: PhaseContext, container: Container, until: str | None = None) -> Evidence | None:
    """Keep the log of a service that fails a phase, since its container will be gone; return its last lines.

    `until` (the engine's time) is when it failed, if it has printed more since.
    """
    log_file = context.run.folder.log(f"{context.phase.id}.service-{container.service}")
    with suppress(EngineError):
        context.engine.api.read_logs(container.id, log_file.write, until)
    log_file.close()
    return log_file.evidence(f"service {container.service}")


def hint_on(evidence: Evidence | None) -> str | None:
    """Say with what a log ends, and where the rest is."""
    if evidence is None:
        return None
    last = next(line.strip() for line in reversed(evidence.lines) if line.strip())
    return f"the log of {evidence.of.removeprefix('service ')} ends with `{last}`, see {evidence.log}"
