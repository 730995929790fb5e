"""shared-resource: two workflows on one host mount one volume with a name of its own."""

from collections.abc import Iterator

from fastflow.check.facts import Facts, warning
from fastflow.diagnostic import Diagnostic, Mark, Related
from fastflow.model.places import Place

RULE = "shared-resource"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the volumes with explicit names that services mount."""
    first: dict[str, tuple[str, Mark]] = {}
    reported = set()
    for workflow, application in facts.applications.items():
        for service in application.services.values():
            for key, mark in service.volumes.items():
                volume = application.volumes.get(key)
                if volume is None or volume.name is None:
                    continue
                other, earlier = first.setdefault(volume.name, (workflow, mark))
                if other == workflow or (volume.name, workflow) in reported or not facts.share_a_host(other, workflow):
                    continue
                reported.add((volume.name, workflow))
                message = f"{workflow} and {other} share the volume `{volume.name}`: what one writes the other reads"
                place = facts.places.key("workflows", workflow, "compose")
                related = (Related(earlier, f"{other} mounts it here"), Related(mark, f"{workflow} mounts it here"))
                hint = "drop the volume's `name`, so that each workflow gets its own"
                yield warning(RULE, message, Place(place.mark), hint, related)
