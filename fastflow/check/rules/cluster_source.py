"""cluster-source: a shell command as a source, on a cluster that does not allow it."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.relations import CommandSource
from fastflow.model.spec import hosts_of

RULE = Rule("cluster-source", "error", "a source command on a cluster")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A command of a source runs on the machine that runs fastflow: on a cluster, in the agent."""
    declared = facts.spec.hosts or {}
    if not any(host.is_cluster for host in declared.values()):
        return
    hosts = hosts_of(facts.spec)
    for phase, node in facts.recorders:
        name = hosts[phase.workflow]
        host = declared.get(name)
        if host is None or not host.is_cluster or host.source_run:
            continue
        if any(isinstance(source, CommandSource) for source in node.sources):
            yield RULE.finding(
                f"the source of {phase.id} is a command, which would run in the agent on a node of {name}",
                facts.places.key(*phase.path, "source"),
                f"use source: {{ service: NAME }}, or set source_run: true in host {name}",
                (Related(facts.places.key("hosts", name).mark, f"{name} is declared here"),),
            )
