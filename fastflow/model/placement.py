"""Which host a workflow goes to, where it may go to several."""

from collections import Counter
from collections.abc import Container, Mapping

from fastflow.model.spec import Spec


def hosts_of(spec: Spec) -> Mapping[str, str]:
    """The host of each workflow, by its name; without `hosts` the current context, named by nothing.

    A workflow that names several goes to the one with the most room: the fewest workflows, as a share of its
    `max_parallel` where all that it may go to have one. The first of equals counts, so that a plan stays as it is.
    """
    declared = spec.hosts or {}
    if not declared:
        return dict.fromkeys(spec.workflows, "")
    candidates = {
        name: tuple(declared) if workflow.host in (None, ("any",)) else _known(workflow.host, declared)
        for name, workflow in spec.workflows.items()
    }
    load = Counter(names[0] for names in candidates.values() if len(names) == 1)
    found = {}
    for name, names in candidates.items():
        limits = [declared[host].max_parallel if host in declared else None for host in names]
        room = dict(zip(names, limits, strict=True)) if all(limits) else {}
        found[name] = min(names, key=lambda host: (load[host] + 1) / (room.get(host) or 1))
        load[found[name]] += len(names) > 1
    return {name: found[name] for name in spec.workflows}


def _known(names: tuple[str, ...], declared: Container[str]) -> tuple[str, ...]:
    """Leave out hosts that a variable names, as long as its value is not known and there are others."""
    return tuple(name for name in names if name in declared) or names[:1]
