"""What a fake engine understands of a Compose project: its documents merged, variables replaced."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fastflow.application.interpret import interpret
from fastflow.application.merge import entries, merge
from fastflow.application.model import PROJECT_NAME, Application, Service
from fastflow.compose import ComposeProject, ComposeText
from fastflow.errors import EngineCallError
from fastflow.run.container import PROJECT
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import read_documents


class FakeProject:
    """A Compose project; files are read from the disk, `extends` and `include` are not followed."""

    def __init__(self, project: ComposeProject, environment: Mapping[str, str] | None) -> None:
        self.name = project.name
        root: YamlNode | None = None
        if environment is not None:
            environment = {**environment, **project.environment, PROJECT_NAME: project.name}
        for document in _documents(project):
            tree = (
                document.root if environment is None else interpolate(document, environment, lenient=True).document.root
            )
            root = tree if root is None else merge(root, tree)
        if not isinstance(root, YamlMap):
            raise EngineCallError("empty compose file", None, "fake", 15, "empty compose file")
        self._root = root
        self.application: Application = interpret(root, ())

    def service(self, name: str) -> Service:
        """Return a service; raise EngineCallError where there is none of that name."""
        found = self.application.services.get(name)
        if found is None:
            raise EngineCallError(f"no such service: {name}", None, "fake", 1, f"no such service: {name}")
        return found

    def image(self, name: str) -> str:
        """The image of a service; that of a built one without a name is named after the project."""
        return self.service(name).image or f"{self.name}-{name}"

    def labels(self, kind: str, name: str) -> dict[str, str]:
        """The labels that the documents give to a service, network or volume, and Compose's own."""
        declared = dict(entries_of(self._root, kind)).get(name)
        own = declared.get("labels") if isinstance(declared, YamlMap) else None
        texts = {key.text: value.text for key, value in entries(own, "labels") if isinstance(value, Scalar)}
        kinds = {"networks": {"com.docker.compose.network": name}, "volumes": {"com.docker.compose.volume": name}}
        return {**texts, PROJECT: self.name, **kinds.get(kind, {})}

    def build_labels(self, service: str) -> dict[str, str]:
        """The labels that the documents give to the image of a service."""
        declared = dict(entries_of(self._root, "services"))[service].get("build")  # type: ignore[union-attr]  # or none
        own = declared.get("labels") if isinstance(declared, YamlMap) else None
        return {key.text: value.text for key, value in entries(own, "labels") if isinstance(value, Scalar)}

    def own(self, kind: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        """The networks or volumes of the project among `keys`, by their name on the engine, with their labels."""
        declared = self.application.networks if kind == "networks" else self.application.volumes
        found = {key: declared.get(key) for key in keys}
        return {
            (entry.name if entry and entry.name else f"{self.name}_{key}"): self.labels(kind, key)
            for key, entry in found.items()
            if not (entry and entry.is_external)
        }

    def joined(self, service: str) -> frozenset[str]:
        """The networks by their names on the engine that a service is on and that the project does not make."""
        declared = (self.application.networks.get(key) for key in self.service(service).networks)
        return frozenset(network.name for network in declared if network and network.is_external and network.name)

    def subnet(self, network: str) -> str | None:
        """The subnet that a network is to have; None where the engine chooses."""
        declared = dict(entries_of(self._root, "networks")).get(network)
        plain = (None if declared is None else _plain(declared)) or {}
        configs = (plain.get("ipam") or {}).get("config") or [{}]
        return configs[0].get("subnet")  # type: ignore[no-any-return]  # a text, or Compose would have refused it

    def in_order(self, wanted: Iterable[str]) -> list[str]:
        """The services with all that they need, what is needed first."""
        ordered: dict[str, None] = {}

        def add(name: str, above: tuple[str, ...]) -> None:
            for other in self.application.needs_of(self.service(name).name):
                if other not in above and other in self.application.services:
                    add(other, (*above, name))
            ordered[name] = None

        for name in wanted:
            add(name, ())
        return list(ordered)

    def as_json(self) -> str:
        """The merged project as JSON; networks and volumes have the names that they get on the engine."""
        told = {"name": self.name, **_plain(self._root)}
        used = {key for service in self.application.services.values() for key in service.networks}
        networks = told.get("networks") or {}
        told["networks"] = {key: {"name": f"{self.name}_{key}", **(networks.get(key) or {})} for key in sorted(used)}
        return json.dumps(told, indent=2)


def entries_of(root: YamlMap, kind: str) -> list[tuple[str, YamlNode]]:
    """The entries of one section."""
    return [(key.text, value) for key, value in entries(root.get(kind))]


def _documents(project: ComposeProject) -> list[Document]:
    found: list[Document] = []
    for source in project.sources:
        is_text = isinstance(source, ComposeText)
        try:
            content = source.text.encode() if isinstance(source, ComposeText) else Path(source.path).read_bytes()
        except OSError as error:
            raise EngineCallError(f"open {error.filename}: {error.strerror}", None, "fake", 14) from None
        reading = read_documents("-" if is_text else source.path, content)  # type: ignore[union-attr]  # not a text
        if reading.diagnostics:
            raise EngineCallError(f"yaml: {reading.diagnostics[0].message}", None, "fake", 15)
        found += reading.documents
    return found


def _plain(node: YamlNode) -> Any:
    if isinstance(node, YamlMap):
        return {key.text: _plain(value) for key, value in node}
    if isinstance(node, YamlList):
        return [_plain(item) for item in node.items]
    if node.is_null:
        return None
    return {"true": True, "false": False}.get(node.text, node.text) if node.plain else node.text
