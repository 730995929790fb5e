"""What is wrong with a service: how it ended, what its healthcheck said. Pure."""

from dataclasses import dataclass

from fastflow.run.container import Container

_LONGEST_PROBE = 300  # characters


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a service, in words; `time` (the engine's own, RFC 3339) is when it began, if that is known.

    `container` is as it was seen last.
    """

    container: Container
    text: str
    time: str | None = None
    has_restarted: bool = False


def fault_of(container: Container) -> Fault | None:
    """Judge a service's container as it is now; None if it is up, has done its work, or may yet come up."""
    name = container.service
    if container.error and container.status == "created":
        return Fault(container, f"service {name} did not start: {container.error}")
    if container.has_ended and not container.is_done:
        return Fault(container, ending(container, container.exit_code, container.oom_killed))
    if container.status == "running" and container.health == "unhealthy":
        return Fault(container, f"service {name} is unhealthy{probed(container)}")
    return None


def ending(container: Container, exit_code: int, is_out_of_memory: bool) -> str:
    """Say how a service ended."""
    cause = " (out of memory)" if is_out_of_memory else ""
    return f"service {container.service} ended with exit code {exit_code}{cause}"


def probed(container: Container) -> str:
    """Say what the last healthcheck that failed printed, to be appended to a sentence; "" if none is known."""
    if container.probe is None:
        return ""
    output = " ".join(container.probe.output.split())[-_LONGEST_PROBE:]
    if container.probe.exit_code < 0:  # the engine gave it up, and says so itself
        return f": its last healthcheck: {output}"
    return f": its last healthcheck ended with exit code {container.probe.exit_code}" + (output and f": {output}")
