"""image-unpinned: an image without tag or digest (off by default)."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.node_parts import DEFAULT_IMAGE

RULE = Rule("image-unpinned", "off", "an image without tag or digest")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at the image of every node."""
    for phase in facts.phases:
        image = phase.node.image or DEFAULT_IMAGE
        if "@" in image or ":" in image.rpartition("/")[2] or "$" in image or facts.lost.has(phase, "image"):
            continue
        place = facts.places.value(*phase.path, "image")
        if phase.node.image is None:
            place = facts.node_place(phase)
        yield RULE.finding(f"the image {image} of {phase.id} has no tag or digest", place, f"write {image}:TAG")
