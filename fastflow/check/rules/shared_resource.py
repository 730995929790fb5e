"""shared-resource: two workflows on one host mount one volume with an explicit name."""

from collections.abc import Iterator

from fastflow.application.model import Application
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Mark, Related

RULE = Rule("shared-resource", "warning", "a volume with an explicit name in two workflows", needs_applications=True)
_HINT = "remove the volume's `name` or `external`, so that each workflow gets its own volume"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the volumes with explicit names that services mount, engine by engine."""
    first: dict[tuple[str, str], tuple[str, Mark]] = {}
    reported = set()
    for workflow, application in facts.applications.items():
        for name, mark in _named_volumes(application):
            for engine in facts.engines_of(workflow):
                other, earlier = first.setdefault((engine, name), (workflow, mark))
                if other == workflow or (name, workflow) in reported:
                    continue
                reported.add((name, workflow))
                message = f"{workflow} and {other} share the volume `{name}`: each reads what the other writes"
                place = facts.places.value("workflows", workflow, "compose")
                related = [Related(earlier, f"{other} mounts it here")]
                if mark != earlier:
                    related.append(Related(mark, f"{workflow} mounts it here"))
                yield RULE.finding(message, place, _HINT, tuple(related))


def _named_volumes(application: Application) -> Iterator[tuple[str, Mark]]:
    for service in application.services.values():
        for key, mark in service.volumes.items():
            volume = application.volumes.get(key)
            if volume is not None and volume.name is not None:
                yield volume.name, mark
