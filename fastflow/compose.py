"""Plan to Compose projects: pure and deterministic.

The user's files go to Compose as they are. What fastflow adds is one more document, merged last: the nodes,
labels on everything, and `!reset` and `!override` for what is left out (Compose specification, Merge).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastflow.application.merge import alike
from fastflow.application.model import Application
from fastflow.application.needs import services_to_enable
from fastflow.application.paths import absolute_paths
from fastflow.application.resolved import Resolved
from fastflow.model.node import RecordingNode
from fastflow.model.ports import Port
from fastflow.plan import PhasePlan, Plan, WorkflowPlan
from fastflow.spec.document import YamlMap, YamlNode
from fastflow.spec.writer import RESET, as_mapping, as_tree, dump, map_texts, merged, override

LABEL = "io.fastflow"
NODE_ROLE = "node"
_CLOUD_FLAGS = (("use_ssl", "WALLARM_API_USE_SSL"), ("ca_verify", "WALLARM_API_CA_VERIFY"))


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """A Compose file of the user, as it is; the path is absolute."""

    path: str


@dataclass(frozen=True, slots=True)
class ComposeText:
    """A Compose document as text: one of the user's inline documents, or fastflow's own."""

    text: str


@dataclass(frozen=True, slots=True)
class ComposeProject:
    """What `docker compose` is called with, whatever the command.

    `name` is the project's, `directory` is absolute and the base of relative paths, `sources` are merged in
    order like several `-f`, and `env_files` are `--env-file`s from the weakest to the strongest.
    """

    name: str
    directory: str
    sources: tuple[ComposeFile | ComposeText, ...]
    env_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Emulation:
    """What the emulator puts in the place of the node image and of the cloud."""

    image: str
    api_host: str
    network: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run adds to a plan: its id, where it runs, the emulator, and the records that are known by now.

    `subnets` (CIDR) are those of a workflow's networks that do not come from the engine's own pools; `resolved` says
    what Compose makes of the workflow's project.
    """

    run: str
    spec: str
    is_local: bool = True
    emulation: Emulation | None = None
    env_files: tuple[str, ...] = ()
    records: Mapping[str, str] = field(default_factory=dict)
    subnets: Mapping[str, str] = field(default_factory=dict)
    resolved: Resolved = field(default_factory=Resolved)


def project_name(run: str, workflow: str) -> str:
    """The name of a workflow's Compose project: lower case, as Compose demands, with the run's id."""
    return f"fastflow-{run}-{workflow}".lower()


def compile_project(
    plan: Plan, workflow: WorkflowPlan, setting: Setting, phase: PhasePlan | None = None
) -> ComposeProject:
    """Make the Compose project of a workflow, as it is when `phase` starts.

    Phases that follow each other may carry one container name, but Compose refuses two services with it: it goes
    to `phase`, or else to the first that claims it.
    """
    base = plan.directory.resolve()
    files = [source for source in workflow.compose if isinstance(source, str)]
    directory = (base / files[0]).parent if files else base
    sources: list[ComposeFile | ComposeText] = []
    for source in workflow.compose:
        if isinstance(source, YamlMap):
            tree = source if directory == base else absolute_paths(source, base)
            sources.append(ComposeText(dump(tree)))
        else:
            sources.append(ComposeFile(str(base / source)))
    sources.append(ComposeText(dump(_document(workflow, setting, phase))))
    return ComposeProject(
        project_name(setting.run, workflow.name), str(directory), tuple(sources), _env_files(base, directory, setting)
    )


def _env_files(base: Path, directory: Path, setting: Setting) -> tuple[str, ...]:
    """From the weakest: the `.env` of the Compose file's directory, the spec's, then those of the command line."""
    beside = [path / ".env" for path in dict.fromkeys((directory, base))]
    return (*(str(path) for path in beside if path.is_file()), *setting.env_files)


def labels_of(setting: Setting, workflow: str) -> dict[str, str]:
    """The labels of all that a workflow's project creates."""
    return {f"{LABEL}.run": setting.run, f"{LABEL}.spec": escape(setting.spec), f"{LABEL}.workflow": workflow}


def _document(workflow: WorkflowPlan, setting: Setting, starting: PhasePlan | None) -> YamlMap:
    application = workflow.application
    labels = labels_of(setting, workflow.name)
    services: dict[str, Any] = dict.fromkeys(application.left_out, RESET)
    uses = [name for phase in ([starting] if starting else workflow.phases) for name in phase.uses]
    enabled = services_to_enable(application, uses)
    for name in application.services:
        services[name] = _service(application, name, labels, workflow.keeps_published) | _image(name, setting, labels)
        services[name] |= _enabled(application, name, enabled) | _emptied(workflow, name)
    trees = {name: as_tree(value) for name, value in services.items()}
    names: set[str | None] = {starting.node.container_name} if starting else set()
    for phase in workflow.phases:
        is_named = phase is starting or phase.node.container_name not in names
        names.add(phase.node.container_name)
        trees[phase.service] = _node(phase, workflow, setting, labels, is_named)
    document: dict[str, Any] = {"services": trees, "networks": _networks(workflow, setting, labels)}
    volumes = {name: {"labels": labels} for name, volume in application.volumes.items() if volume.name is None}
    if volumes:
        document["volumes"] = volumes
    return as_mapping(document)


def _service(application: Application, name: str, labels: Mapping[str, str], keeps_published: bool) -> dict[str, Any]:
    """What is added to a service of the application."""
    service = application.services[name]
    added: dict[str, Any] = {"labels": {**labels, f"{LABEL}.role": "service"}}
    for key in ("links", "volumes_from"):
        if key in service.cut:
            added[key] = override(getattr(service, key))
    added.update((key, RESET) for key in ("network_mode", "ipc", "pid") if key in service.cut)
    if not keeps_published:
        added.update(ports=RESET, container_name=RESET)  # whatever they hold, and whether it can be read or not
    return added


def _enabled(application: Application, name: str, enabled: frozenset[str]) -> dict[str, Any]:
    """Make a service enabled, whatever its profiles, and drop dependencies on what is left out or stays disabled."""
    service = application.services[name]
    added: dict[str, Any] = {"profiles": RESET} if name in enabled and service.profiles else {}
    gone = dict.fromkeys(application.left_out if "depends_on" in service.cut else (), RESET)
    disabled = service.optional & application.services.keys() - enabled
    gone |= {other: RESET for other in service.depends_on if other in disabled}
    if gone:
        # A list as a whole: Compose takes no entry out of one before 2.29.1. Else one by one, since what more a
        # dependency says (`required`, `restart`) is Compose's own business.
        added["depends_on"] = override(tuple(service.depends_on)) if service.lists_dependencies else gone
    return added


def _emptied(workflow: WorkflowPlan, service: str) -> dict[str, Any]:
    """Empty what Docker would put into a container whose Compose file does not set it."""
    own = workflow.application.services[service].environment
    emptied = {name: "" for name in workflow.kept_out if name not in own}
    return {"environment": emptied} if emptied else {}


def _image(service: str, setting: Setting, labels: Mapping[str, str]) -> dict[str, Any]:
    """Let a service run the image that the run builds for it, or of the tag that it names: the tag is the user's."""
    resolved = setting.resolved
    if service not in resolved.images:
        return {}
    added: dict[str, Any] = {"image": resolved.images[service], "pull_policy": "never"}
    if (build := resolved.builds.get(service)) is not None:
        text = {key: RESET if value is None else escape(value) for key, value in build.text.items()}
        added["build"] = {"labels": dict(labels), "tags": RESET, **text}
        if build.contexts:
            added["build"]["additional_contexts"] = dict(build.contexts)
    return added


def _node(
    phase: PhasePlan, workflow: WorkflowPlan, setting: Setting, labels: Mapping[str, str], is_named: bool
) -> YamlNode:
    emulation = setting.emulation
    alias = phase.node.network_alias
    networks: dict[str, Any] = {name: {"aliases": [alias]} if alias else {} for name in phase.networks}
    if emulation:
        networks[emulation.network] = {}
    node: dict[str, Any] = {
        "image": escape(emulation.image if emulation else phase.image),
        "environment": {**_cloud_environment(workflow, setting), **_node_environment(phase, workflow, setting)},
        "networks": networks,
        "labels": {
            **labels,
            f"{LABEL}.role": NODE_ROLE,
            f"{LABEL}.node": phase.name,
            f"{LABEL}.mode": phase.mode,
            f"{LABEL}.build-id": escape(phase.build_id or ""),
            **_ready_label(phase),
        },
        "restart": "no",
    }
    if emulation:
        node["pull_policy"] = "never"
    node |= _image(phase.service, setting, labels)
    if phase.ports:
        node["ports"] = [_port(port, setting.is_local) for port in phase.ports]
    if phase.node.container_name and is_named:
        node["container_name"] = escape(phase.node.container_name)
    tree = as_mapping(node)
    more = phase.node.container
    # It replaces a service of that name which was left out: nothing of that one may reach the node.
    return override(tree if more is None else merged(tree, map_texts(_with_named_labels(more), escape)))


def _with_named_labels(container: YamlMap) -> YamlMap:
    """Read the list syntax of `labels` as its mapping: a list would take the place of fastflow's own labels."""
    pairs = ((key, alike(value, "labels") if key.text == "labels" else value) for key, value in container)
    kept = tuple((key, value) for key, value in pairs if key.text != "labels" or isinstance(value, YamlMap))
    return YamlMap(kept, container.mark, container.tag, container.origin)


def _ready_label(phase: PhasePlan) -> dict[str, str]:
    """Tell other processes how to see that a recorder is ready, where it is not by the documented line."""
    ready = phase.node.ready if isinstance(phase.node, RecordingNode) else None
    return {f"{LABEL}.ready": escape(ready.log)} if ready and ready.log else {}


def _cloud_environment(workflow: WorkflowPlan, setting: Setting) -> dict[str, str]:
    """The token is a reference here: its value reaches Compose through the environment of the call only."""
    cloud = workflow.cloud
    values = {"WALLARM_API_TOKEN": f"${{{cloud.token_name}}}"}
    if setting.emulation:
        return {**values, "WALLARM_API_HOST": setting.emulation.api_host, "WALLARM_API_USE_SSL": "false"}
    if cloud.api_host:
        values["WALLARM_API_HOST"] = escape(cloud.api_host)
    for name, variable in _CLOUD_FLAGS:
        flag = getattr(cloud, name)
        if flag is not None:
            values[variable] = str(flag).lower()
    return values


def _node_environment(phase: PhasePlan, workflow: WorkflowPlan, setting: Setting) -> dict[str, str | None]:
    values: dict[str, str | None] = dict.fromkeys(workflow.kept_out, "")
    values |= {name: None if value is None else escape(value) for name, value in phase.environment.items()}
    record = setting.records.get(phase.id)
    if record is not None:
        values["TEST_RECORD_ID"] = record
    return values


def _port(port: Port, is_local: bool) -> str:
    # A node is an open proxy into the application's network, so nobody but this machine gets in unasked.
    address = port.address or ("127.0.0.1" if is_local else None)
    shown = f"[{address}]" if address and ":" in address else address
    middle = _span(port.host) if port.host else ""
    container = f"{_span(port.container)}/{port.protocol}"
    if shown:
        return f"{shown}:{middle}:{container}"
    return f"{middle}:{container}" if middle else container


def _span(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _networks(workflow: WorkflowPlan, setting: Setting, labels: Mapping[str, str]) -> dict[str, Any]:
    application = workflow.application
    names = dict.fromkeys((*application.networks_of(application.services), *application.networks))
    names.update(dict.fromkeys(name for phase in workflow.phases for name in phase.networks))
    networks: dict[str, Any] = {name: {"labels": dict(labels)} for name in names if application.makes_network(name)}
    for name, network in setting.resolved.made:
        known = escape(network.name) if setting.resolved.is_interpolated else network.name
        networks[name] = override({"external": True, "name": known})
    for name, subnet in setting.subnets.items():
        networks[name] = {**networks.get(name, {}), "ipam": {"config": [{"subnet": subnet}]}}
    if setting.emulation:
        networks[setting.emulation.network] = {"external": True, "name": setting.emulation.network}
    return networks


def escape(text: str) -> str:
    """Write a text so that Compose's interpolation gives it back."""
    return text.replace("$", "$$")
