"""cluster-alone: a workflow that may run on a cluster or elsewhere."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.spec import any_of

RULE = Rule("cluster-alone", "error", "a cluster that is not the only host of a workflow")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A cluster chooses the node itself, so that there is nothing to choose from besides."""
    declared = facts.spec.hosts or {}
    for name, workflow in facts.spec.workflows.items():
        is_any = workflow.host in (None, ("any",))
        wanted = any_of(declared) if is_any else [host for host in workflow.host or () if host in declared]
        cluster = next((host for host in wanted if declared[host].is_cluster), None)
        if cluster is None or len(set(wanted)) == 1:
            continue
        path = ("workflows", name, "host")
        entry = facts.places.value(*path) if is_any else facts.places.entry(cluster, *path)
        place = entry if workflow.host else facts.places.key("workflows", name)
        other = next(host for host in wanted if host != cluster)
        yield RULE.finding(
            f"{cluster} is a cluster, and workflow `{name}` may also run on {other}",
            place,
            f"write host: {cluster}, or leave it out of the list",
            (Related(facts.places.key("hosts", cluster).mark, f"{cluster} is declared here"),),
        )
