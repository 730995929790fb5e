"""Groups FAST services into workflows: those with the same token and BUILD_ID belong together."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from fastflow.application.model import Service
from fastflow.diagnostic import Mark
from fastflow.draft.fast_node import FastService
from fastflow.model.base import NAME_PATTERN
from fastflow.spec.document import YamlMap

USUAL_NAME = "web"
_NOWHERE = Mark("", 1, 1, 1, 1)
NO_SERVICE = FastService(Service("fast", _NOWHERE), YamlMap((), _NOWHERE))
"""Stands in for the FAST service of an application without one."""


@dataclass(frozen=True)
class DraftWorkflow:
    """The FAST services that become one workflow. `prefix` begins a BUILD_ID that no other workflow of the spec has."""

    name: str
    prefix: str
    build_id: str | None
    recorders: tuple[FastService, ...]
    testers: tuple[FastService, ...]
    reporters: tuple[FastService, ...] = ()
    has_rival: bool = False
    """Whether it recorded under the BUILD_ID of another recorder."""

    @cached_property
    def first(self) -> FastService:
        """The FAST service from which the common fields of all nodes come."""
        return next(iter((*self.recorders, *self.testers, *self.reporters)), NO_SERVICE)

    @property
    def needs_recorder(self) -> bool:
        """Whether to propose a recording phase."""
        made_elsewhere = self.testers and all("TEST_RECORD_ID" in tester.variables for tester in self.testers)
        return not self.recorders and not made_elsewhere

    @property
    def needs_tester(self) -> bool:
        """Whether to propose a testing phase."""
        return not self.testers


def workflows_of(services: Sequence[FastService]) -> tuple[DraftWorkflow, ...]:
    """Group FAST services; a second recorder with the same BUILD_ID becomes a separate workflow: it was undefined."""
    groups = [(build_id, group, False) for build_id, group in _groups(services)] or [(None, [], False)]
    found: list[DraftWorkflow] = []
    apart = [(None, [recorder], True) for _, group, _ in groups for recorder in _of_mode(group, "recording")[1:]]
    for build_id, group, has_rival in (*groups, *apart):
        recorders = _of_mode(group, "recording")[:1]
        name = _name(group, len(groups) + len(apart) > 1, found)
        letters = re.sub(r"[^A-Za-z0-9]", "", name)
        prefix = letters if letters not in [other.prefix for other in found] else f"{letters}x{len(found)}"
        testers, reporters = _of_mode(group, "testing"), _of_mode(group, "report")
        found.append(DraftWorkflow(name, prefix, build_id, recorders, testers, reporters, has_rival))
    return tuple(found)


def _groups(services: Sequence[FastService]) -> Iterator[tuple[str | None, list[FastService]]]:
    groups: dict[tuple[object, str | None], list[FastService]] = {}
    for service in services:
        if service.mode != "report":
            groups.setdefault((service.cloud.entries[0].value, service.build_id), []).append(service)
    reporters = [service for service in services if service.mode == "report"]
    for (_, build_id), group in groups.items():
        yield build_id, [*group, *reporters]
        reporters = []  # a report node has no BUILD_ID: it belongs to the first workflow
    if reporters:
        yield None, reporters


def _of_mode(services: Sequence[FastService], mode: str) -> tuple[FastService, ...]:
    return tuple(service for service in services if service.mode == mode)


def _name(group: Sequence[FastService], is_one_of_several: bool, others: Sequence[DraftWorkflow]) -> str:
    taken = {other.name.lower() for other in others}
    own = group[0].name if group and is_one_of_several else USUAL_NAME
    own = own if re.fullmatch(NAME_PATTERN, own) else USUAL_NAME
    numbered = (own, *(f"{own[:36]}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in numbered if name.lower() not in taken)
