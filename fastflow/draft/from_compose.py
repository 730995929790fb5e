"""Converts an existing Compose file to an equivalent spec."""

from collections.abc import Callable, Iterator, Sequence

from fastflow.application.model import Application
from fastflow.application.needs import is_fast_service, without_fast
from fastflow.diagnostic import Diagnostic, Severity
from fastflow.draft.fast_node import FastService, variables_in
from fastflow.draft.nodes import Nodes
from fastflow.draft.page import Block, Entry, Page, Path, blank_if_unset, write_page
from fastflow.draft.workflows import DraftWorkflow, workflows_of
from fastflow.spec.document import YamlMap

HEAD = (
    "Made by `fastflow init` from {files}. It stays as it is: its FAST services are left out of the application, and "
    "the nodes below replace them. See what would run with `fastflow plan`. Try it without an account with "
    "`fastflow up --emulate`."
)
_MUST_BE_SET = ("token", "build_id", "compose")
_DEPTH_OF_NODES = len(("workflows", "WORKFLOW", "nodes", "NODE"))
Check = Callable[[str], Sequence[Diagnostic]]


def spec_from(tree: YamlMap, application: Application, files: Sequence[str], check: Check) -> str:
    """Write the spec of a Compose tree. Values that `check` rejects become comments."""
    fast = tuple(_fast_services(tree, application))
    draft = blank_if_unset(_draft(workflows_of(fast), without_fast(application), files), _MUST_BE_SET)
    secrets = frozenset[str]().union(*(service.secrets for service in fast))
    head = (HEAD.format(files=" and ".join(files)),)
    refused: dict[Path, str] = {}
    while True:
        page = write_page(head, draft, refused, secrets)
        new = {path: message for path, message in _faults(page, check(page.text)) if path not in refused}
        if not new:
            return page.text
        refused.update(new)


def _faults(page: Page, found: Sequence[Diagnostic]) -> Iterator[tuple[Path, str]]:
    for diagnostic in found:
        path = page.entry_at(diagnostic.mark.line)
        if diagnostic.severity is Severity.ERROR and path is not None and _may_be_left_out(path):
            yield path, diagnostic.message


def _may_be_left_out(path: Path) -> bool:
    """Whether a spec is valid without the entry: a field of a node or the cloud, or a BUILD_ID, which is replaced."""
    is_field = len(path) > _DEPTH_OF_NODES and path[-1] != "mode"
    return is_field or "cloud" in path[:-1] or path[2:] == ("build_id",)


def _fast_services(tree: YamlMap, application: Application) -> Iterator[FastService]:
    services = tree.get("services")
    for name, service in application.services.items():
        own = services.get(name) if isinstance(services, YamlMap) else None
        if is_fast_service(service) and isinstance(own, YamlMap):
            yield FastService(service, own)


def _draft(workflows: Sequence[DraftWorkflow], application: Application, files: Sequence[str]) -> Block:
    alone = {workflow.name: Nodes(workflow, application, frozenset()) for workflow in workflows}
    sources = frozenset(nodes.tests for nodes in alone.values() if nodes.tests)
    clouds = [workflow.first.cloud for workflow in workflows]
    has_one_cloud = all(cloud == clouds[0] for cloud in clouds)
    written = []
    for workflow, cloud in zip(workflows, clouds, strict=True):
        entries = [_build_id(workflow), *([] if has_one_cloud else [Entry("cloud", cloud)])]
        names = tuple(file.replace("$", "$$") for file in files)
        entries.append(Entry("compose", names[0] if len(names) == 1 else names))
        if len(workflows) > 1:
            drops = "Drops its ports and container names, so that one file serves several workflows."
            entries.append(Entry("publish", "none", (drops,)))
        nodes = Nodes(workflow, application, sources if len(workflows) > 1 else frozenset())
        entries.append(Entry("nodes", nodes.block()))
        written.append(Entry(workflow.name, Block(tuple(entries))))
    head = [Entry("cloud", clouds[0])] if has_one_cloud else []
    return Block((*head, Entry("workflows", Block(tuple(written)))))


def _build_id(workflow: DraftWorkflow) -> Entry:
    proposed = f"{workflow.prefix}${{FASTFLOW_CI_ID}}"
    if workflow.has_rival:
        return Entry(
            "build_id",
            proposed,
            ("It had the BUILD_ID of another recorder, so it was undefined which record is tested.",),
        )
    if workflow.build_id is None:
        return Entry("build_id", proposed, ("Proposed: letters and digits, different in every pipeline.",))
    if variables_in(workflow.build_id):
        return Entry("build_id", workflow.build_id, instead=proposed)
    note = f"The same in every pipeline, so two at once collide. Better: {proposed}"
    return Entry("build_id", workflow.build_id, (note,), instead=proposed)
