"""What there cannot be on a cluster."""

from fastflow.app.request import RunRequest
from fastflow.errors import UsageError
from fastflow.settings import RunSettings


def only_cluster(request: RunRequest, settings: RunSettings) -> str:
    """The cluster of the run; raises UsageError for what there cannot be on one."""
    hosts = request.plan.used_hosts
    if len(hosts) > 1:
        clusters = [name for name in hosts if name in request.plan.clusters]
        others = sorted(
            {phase.workflow for phase in request.plan.selected}
            - {name for name, workflow in request.plan.workflows.items() if workflow.host == clusters[0]}
        )
        raise UsageError(
            f"one run cannot be on {clusters[0]}, a cluster, and on {', '.join(set(hosts) - {clusters[0]})}",
            f"run them apart: fastflow up {' '.join(f'-w {name}' for name in others)}, and the other workflows",
        )
    if settings.keep:
        raise UsageError("--keep is not available on a cluster", "run the workflow on a single engine to look at it")
    if request.text.name == "-":
        raise UsageError("a spec on standard input cannot run on a cluster", "write it into a file beside its files")
    return hosts[0]
