"""Plan to Compose projects: pure and deterministic.

The user's files go to Compose unchanged. fastflow adds one more document, merged last: the nodes, labels on
everything, and `!reset` and `!override` for what is left out (Compose specification, Merge).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fastflow.application.merge import alike
from fastflow.application.model import Service
from fastflow.application.needs import services_to_enable
from fastflow.application.paths import absolute_paths
from fastflow.application.resolved import Resolved
from fastflow.compose.program import escape, program_of
from fastflow.files import is_file, resolved
from fastflow.model.cloud import CLOUD_VARIABLES, TOKEN_VARIABLE
from fastflow.model.compose_keys import LABEL
from fastflow.plan import PhasePlan, Plan, WorkflowPlan
from fastflow.settings import RunSettings
from fastflow.spec.document import YamlMap, YamlNode
from fastflow.spec.writer import RESET, as_mapping, as_tree, dump, map_texts, merged, override

NODE_ROLE = "node"


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """A Compose file of the user, unchanged; the path is absolute."""

    path: str


@dataclass(frozen=True, slots=True)
class ComposeText:
    """A Compose document as text: one of the user's inline documents, or fastflow's own."""

    text: str


@dataclass(frozen=True, slots=True)
class ComposeProject:
    """The input of `docker compose` for every command.

    `name` is the project's, `directory` is absolute and the base of relative paths, `sources` are merged in
    order like several `-f`, and `env_files` are `--env-file`s, of which later ones override earlier ones.
    `environment` are variables of the workflow, which override those of the caller.
    """

    name: str
    directory: str
    sources: tuple[ComposeFile | ComposeText, ...]
    env_files: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """A run's knowledge about a workflow so far: where its engine is, and the records of its phases.

    `subnets` (CIDR) are those of the workflow's networks that do not come from the engine's own pools; `resolved` is
    the workflow's project as Compose resolves it.
    """

    is_local: bool = True
    records: Mapping[str, str] = field(default_factory=dict)
    subnets: Mapping[str, str] = field(default_factory=dict)
    resolved: Resolved = field(default_factory=Resolved)


def project_name(run: str, workflow: str) -> str:
    """The name of a workflow's Compose project: in lower case, as Compose requires, with the run's id."""
    return f"fastflow-{run}-{workflow}".lower()


def labels_of(settings: RunSettings, workflow: str) -> dict[str, str]:
    """The labels of everything that a workflow's project creates."""
    return {f"{LABEL}.run": settings.run, f"{LABEL}.spec": escape(settings.spec), f"{LABEL}.workflow": workflow}


def compile_project(
    plan: Plan,
    workflow: WorkflowPlan,
    settings: RunSettings,
    phase: PhasePlan | None = None,
    known: Known | None = None,
) -> ComposeProject:
    """Make the Compose project of a workflow for the start of `phase`.

    Consecutive phases may have the same container name, but Compose refuses two services with it, so it goes to
    `phase`, or else to the first that claims it.
    """
    base = resolved(plan.directory)
    files = [source for source in workflow.compose if isinstance(source, str)]
    directory = (base / files[0]).parent if files else base
    sources: list[ComposeFile | ComposeText] = [
        ComposeFile(str(base / source))
        if isinstance(source, str)
        else ComposeText(dump(source if directory == base else absolute_paths(source, base)))
        for source in workflow.compose
    ]
    sources.append(ComposeText(dump(_Addition(workflow, settings, known or Known(), phase).document())))
    # Later ones override: the `.env` of the Compose file's directory, the spec's, then those of the command line.
    beside = (str(path / ".env") for path in dict.fromkeys((directory, base)) if is_file(path / ".env"))
    name = project_name(settings.run, workflow.name)
    return ComposeProject(name, str(directory), tuple(sources), (*beside, *settings.env_files), workflow.variables)


@dataclass(frozen=True)
class _Addition:
    """The document that fastflow adds to those of a workflow; `starting` is the phase that it is for, if any."""

    workflow: WorkflowPlan
    settings: RunSettings
    known: Known
    starting: PhasePlan | None

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        return labels_of(self.settings, self.workflow.name)

    def document(self) -> YamlMap:
        application = self.workflow.application
        services: dict[str, Any] = dict.fromkeys(application.left_out, RESET)
        phases = [self.starting] if self.starting else self.workflow.phases
        enabled = services_to_enable(application, [name for phase in phases for name in phase.uses])
        services |= {name: self._service(name, enabled) for name in application.services}
        trees = {name: as_tree(value) for name, value in services.items()}
        names: set[str | None] = {self.starting.node.container_name} if self.starting else set()
        for phase in self.workflow.phases:
            is_named = phase is self.starting or phase.node.container_name not in names
            names.add(phase.node.container_name)
            trees[phase.service] = self._node(phase, is_named)
        document: dict[str, Any] = {"services": trees, "networks": self._networks()}
        if own := [name for name, volume in application.volumes.items() if volume.name is None]:
            document["volumes"] = {name: {"labels": self._labels} for name in own}
        return as_mapping(document)

    def _service(self, name: str, enabled: frozenset[str]) -> dict[str, Any]:
        """The additions to a service of the application."""
        service = self.workflow.application.services[name]
        added: dict[str, Any] = {"labels": {**self._labels, f"{LABEL}.role": "service"}}
        for key in ("links", "volumes_from"):
            if key in service.cut:
                added[key] = override(getattr(service, key))
        added.update((key, RESET) for key in ("network_mode", "ipc", "pid") if key in service.cut)
        if not self.workflow.keeps_published:
            added.update(ports=RESET, container_name=RESET)  # whatever they contain, readable or not
        # Empty the variables that Docker would put into a container whose Compose file does not set them.
        if emptied := {name: "" for name in self.workflow.kept_out if name not in service.environment}:
            added["environment"] = emptied
        return added | self._image(name) | self._enabled(service, enabled)

    def _enabled(self, service: Service, enabled: frozenset[str]) -> dict[str, Any]:
        """Enable a service, whatever its profiles; drop dependencies on services that are left out or stay disabled."""
        application = self.workflow.application
        added: dict[str, Any] = {"profiles": RESET} if service.name in enabled and service.profiles else {}
        gone = dict.fromkeys(application.left_out if "depends_on" in service.cut else (), RESET)
        disabled = service.optional & application.services.keys() - enabled
        gone |= {other: RESET for other in service.depends_on if other in disabled}
        if gone:
            # A list as a whole: before 2.29.1, Compose removes no single entry. Else one by one, because the rest of a
            # dependency (`required`, `restart`) is left to Compose.
            added["depends_on"] = override(tuple(service.depends_on)) if service.lists_dependencies else gone
        return added

    def _image(self, service: str) -> dict[str, Any]:
        """Let a service run the image that the run builds for it or for its tag: the tag itself is the user's."""
        resolved = self.known.resolved
        if service not in resolved.images:
            return {}
        added: dict[str, Any] = {"image": resolved.images[service], "pull_policy": "never"}
        if (build := resolved.builds.get(service)) is not None:
            text = {key: RESET if value is None else escape(value) for key, value in build.text.items()}
            added["build"] = {"labels": self._labels, "tags": RESET, **text}
            if build.contexts:
                added["build"]["additional_contexts"] = dict(build.contexts)
        return added

    def _node(self, phase: PhasePlan, is_named: bool) -> YamlNode:
        alias = phase.node.network_alias
        networks: dict[str, Any] = {name: {"aliases": [alias]} if alias else {} for name in phase.networks}
        labels = {"role": NODE_ROLE, "node": phase.name, "mode": phase.mode, "build-id": escape(phase.build_id or "")}
        if phase.ready.log:  # shows other processes how to see that it is ready
            labels["ready"] = escape(phase.ready.log)
        emulation = self.settings.emulation if phase.traits.uses_cloud else None
        cloud = self._cloud_environment() if phase.traits.uses_cloud else {}
        node: dict[str, Any] = {
            "image": escape(emulation.image if emulation else phase.image),
            "environment": cloud | self._node_environment(phase),
            "networks": networks,
            "labels": {**self._labels, **{f"{LABEL}.{key}": value for key, value in labels.items()}},
            "restart": "no",
        }
        if emulation:
            networks[emulation.network] = {}
            node["pull_policy"] = "never"
        if not phase.image:
            del node["image"]  # `container` builds one
        node |= program_of(phase.node) | self._image(phase.service)
        if phase.ports:
            # A node is an open proxy into the application's network, so by default only this machine may use it.
            node["ports"] = [port.text("127.0.0.1" if self.known.is_local else None) for port in phase.ports]
        if phase.node.container_name and is_named:
            node["container_name"] = escape(phase.node.container_name)
        tree = as_mapping(node)
        more = phase.node.container
        # It replaces a service of that name that was left out, none of whose settings may reach the node.
        return override(tree if more is None else merged(tree, map_texts(_with_named_labels(more), escape)))

    def _cloud_environment(self) -> dict[str, str | None]:
        """The token is a reference here: its value reaches Compose only through the environment of the call."""
        cloud = self.workflow.cloud
        values: dict[str, str | None] = {TOKEN_VARIABLE: f"${{{cloud.token_name}}}"}
        if self.settings.emulation:
            return values | {"WALLARM_API_HOST": self.settings.emulation.api_host, "WALLARM_API_USE_SSL": "false"}
        for name, key in CLOUD_VARIABLES.items():
            if (value := getattr(cloud, key)) is not None:
                values[name] = str(value).lower() if isinstance(value, bool) else escape(value)
        return values

    def _node_environment(self, phase: PhasePlan) -> dict[str, str | None]:
        values: dict[str, str | None] = dict.fromkeys(self.workflow.kept_out, "")
        values |= {name: None if value is None else escape(value) for name, value in phase.environment.items()}
        if (record := self.known.records.get(phase.id)) is not None:
            values["TEST_RECORD_ID"] = record
        return values

    def _networks(self) -> dict[str, Any]:
        application, resolved = self.workflow.application, self.known.resolved
        names = dict.fromkeys((*application.networks_of(application.services), *application.networks))
        names.update(dict.fromkeys(name for phase in self.workflow.phases for name in phase.networks))
        networks: dict[str, Any] = {name: {"labels": self._labels} for name in names if application.makes_network(name)}
        for name, network in resolved.made:
            text = escape(network.name) if resolved.is_interpolated else network.name
            networks[name] = override({"external": True, "name": text})
        for name, subnet in self.known.subnets.items():
            networks[name] = {**networks.get(name, {}), "ipam": {"config": [{"subnet": subnet}]}}
        if emulation := self.settings.emulation:
            networks[emulation.network] = {"external": True, "name": emulation.network}
        return networks


def _with_named_labels(container: YamlMap) -> YamlMap:
    """Read the list syntax of `labels` as a mapping: a list would replace fastflow's own labels."""
    pairs = ((key, alike(value, "labels") if key.text == "labels" else value) for key, value in container)
    kept = tuple((key, value) for key, value in pairs if key.text != "labels" or isinstance(value, YamlMap))
    return YamlMap(kept, container.mark, container.tag, container.origin)
