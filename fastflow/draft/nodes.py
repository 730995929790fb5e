"""A workflow's nodes: one for each FAST service, and proposals for a missing recording or testing node."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fastflow.application.model import Application
from fastflow.draft.fast_node import FastService
from fastflow.draft.guesses import Guesses
from fastflow.draft.page import Block, Entry
from fastflow.draft.workflows import NO_SERVICE, DraftWorkflow
from fastflow.model.mode import MODES
from fastflow.model.node_parts import DEFAULT_ALIAS
from fastflow.model.phases import node_service

_PROPOSED: Mapping[str, str] = {
    "recording": "Proposed: records the requests that are tested below.",
    "testing": "Proposed: attacks the application with the recorded requests.",
}
_IN_TURN = "Guessed: nodes with one BUILD_ID must run one after the other."


@dataclass(frozen=True)
class Nodes:
    """The nodes of one workflow. `sources` are the services of all workflows that are not part of the application."""

    workflow: DraftWorkflow
    application: Application
    sources: frozenset[str]

    @cached_property
    def _guesses(self) -> Guesses:
        return Guesses(self.application, self.workflow.first.service)

    @property
    def tests(self) -> str | None:
        """The service that sends the requests to record."""
        return self._guesses.tests

    @cached_property
    def _target(self) -> str | None:
        return self._guesses.target(self.workflow.first.variables.get("ALLOWED_HOSTS"))

    def block(self) -> Block:
        """All nodes, by name."""
        entries: list[Entry] = []
        workflow = self.workflow
        for recorder in workflow.recorders or ((workflow.first,) if workflow.needs_recorder else ()):
            entries.append(self._entry(self._free("record", entries), "recording", recorder, self._of_recorder()))
        depends_on: tuple[str, ...] = ()
        for tester in workflow.testers or (workflow.first,):
            if not depends_on and entries and "TEST_RECORD_ID" in tester.variables:  # no data dependency makes it wait
                depends_on = (entries[0].key,)
            more = self._of_tester(tester, depends_on)
            entries.append(self._entry(self._free("test", entries), "testing", tester, more))
            depends_on = (entries[-1].key,)
        for reporter in workflow.reporters:
            after = [Entry("depends_on", depends_on, (_IN_TURN,))] if "TEST_RUN_ID" in reporter.variables else []
            more = [*self._services(), *after]
            entries.append(self._entry(self._free("report", entries), "report", reporter, more))
        return Block(tuple(entries))

    def _free(self, name: str, others: Sequence[Entry]) -> str:
        services = self.application.services.values()
        taken = {node_service(other.key) for other in others}
        taken |= {known.lower() for service in services for known in (service.name, *service.aliases)}
        numbered = (name, *(f"{name}{number}" for number in range(2, len(taken) + 3)))
        return next(one for one in numbered if node_service(one) not in taken)

    def _entry(self, name: str, mode: str, fast: FastService, more: Sequence[Entry]) -> Entry:
        is_own = fast.mode == mode and fast is not NO_SERVICE
        written = [Entry("mode", mode, (*fast.doubts, *self._remarks(fast)) if is_own else ())]
        written += [entry for entry in self._shared(mode, fast) if entry.value]
        written += list(_published(fast)) if is_own else []
        written += [*fast.fields(mode), *more]
        blocks = {"environment": fast.environment, "container": fast.container}
        written += [Entry(key, block) for key, block in blocks.items() if block.entries]
        return Entry(name, Block(tuple(written)), () if is_own else (_PROPOSED[mode],))

    def _remarks(self, fast: FastService) -> Iterator[str]:
        modes: tuple[str, ...] = (fast.mode,)
        if fast is self.workflow.first:  # the proposal is made from it
            modes += ("testing",) if self.workflow.needs_tester else ()
            modes += ("recording",) if self.workflow.needs_recorder else ()
        yield from fast.remarks(modes)
        guesses = Guesses(self.application, fast.service)
        for name, other in guesses.other_names():
            yield f"`{other}` reaches it as {name}, and a node has one alias: change it to {guesses.alias}"

    def _shared(self, mode: str, fast: FastService) -> Iterator[Entry]:
        """The fields that a node and the proposed one next to it have in common."""
        yield Entry("image", fast.image)
        is_proxy = MODES[mode].is_proxy  # other nodes get no requests
        alias = Guesses(self.application, fast.service).alias if is_proxy else DEFAULT_ALIAS
        yield Entry("alias", alias if alias != DEFAULT_ALIAS else None)
        own = tuple(fast.service.networks)
        yield Entry("networks", own if own and set(own) != set(self.application.used_networks) else None)

    def _of_recorder(self) -> list[Entry]:
        if self.tests is None:
            say = "Set what sends the requests: source: { service: NAME } or source: { run: COMMAND }."
            return [*self._services(), Entry("", None, (say,))]
        said = "Guessed: the service whose requests go through the node."
        return [*self._services(), Entry("source", Block((Entry("service", self.tests),)), (said,))]

    def _services(self) -> Iterator[Entry]:
        """The services that this one needs, if tests of other workflows are in the same file."""
        if self.sources - {self.tests}:
            services = self.application.services
            wanted = list(self.application.needs_of(self.tests)) if self.tests else []
            wanted += [name for name in self.application.enabled if name not in self.sources and not wanted]
            names = tuple(name for name in dict.fromkeys(wanted) if name in services)
            yield Entry("services", names, ("Guessed: the services that this node needs.",))

    def _of_tester(self, fast: FastService, depends_on: tuple[str, ...]) -> list[Entry]:
        found = [entry for entry in self._services() if entry.value]
        if "TEST_RUN_URI" not in fast.variables and self._target:
            found.append(Entry("test_run_uri", self._target, ("Guessed: the application as the node reaches it.",)))
        if depends_on:
            found.append(Entry("depends_on", depends_on, (_IN_TURN,)))
        return found


def _published(fast: FastService) -> Iterator[Entry]:
    if fast.service.container_name:
        yield Entry("container_name", fast.service.container_name)
    if fast.ports is not None:
        yield Entry("ports", fast.ports, ("On a local engine these bind 127.0.0.1, unless they name an address.",))
