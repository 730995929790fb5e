"""A FAST service of a Compose file: which parts belong to the cloud, the workflow, a node's fields, or Compose."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from fastflow.application.interpret import text
from fastflow.application.merge import entries
from fastflow.application.model import Service
from fastflow.draft.page import Block, Entry
from fastflow.model.cloud import CLOUD_VARIABLES, DEFAULT_TOKEN, TOKEN_VARIABLE, token_variable
from fastflow.model.compose_keys import FIELDS_OF_THEIR_OWN, VOID_THE_CHECKS
from fastflow.model.mode import BUILD_ID_VARIABLE, MODE_VARIABLE, MODES, RECORDING
from fastflow.model.node import NODE_TYPES
from fastflow.model.node_parts import DEFAULT_IMAGE
from fastflow.model.target import target_of
from fastflow.spec.document import Scalar, YamlList, YamlMap
from fastflow.spec.template import TemplateError, parse_template, variables

FIELDS = {name: field for mode in MODES for name, field in NODE_TYPES[mode].variables().items()}
_HOST = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]+)?(/[^\s$]*)?")
_SECRET = re.compile(
    r"TOKEN|SECRET|PASS|PWD|KEY|CREDENTIAL|AUTH|HOOK|SALT|PRIVATE|DSN|(^|_)URI$|(^|_)URL$", re.IGNORECASE
)
_SHORTEST_SECRET = 8  # a shorter text may occur anywhere by chance
_MEANT_BY_FASTFLOW = ("extends", "depends_on", "env_file", "profiles", "expose")
_WHY = {
    "restart": "exit 1 means vulnerabilities, and a restarted node attacks again",
    "build": "a node needs an image: build it first, and name it with image:",
    "network_mode": "a node joins the networks of the application",
    "scale": "write one node for each",
    "deploy": "write one node for each replica; limits go below container:",
}


@dataclass(frozen=True)
class FastService:
    """A service with its environment: the variables in the Compose file, which override those from `env_file`s."""

    service: Service
    tree: YamlMap

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name

    @cached_property
    def own(self) -> Mapping[str, str | None]:
        """The variables that the Compose file itself sets; None for one that it passes on."""
        return {key.text: text(value) for key, value in entries(self.tree.get("environment"), "environment")}

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """All variables; one that is passed on becomes a reference."""
        known = self.service.environment
        return {name: f"${{{name}:-}}" if value is None else value for name, value in known.items()}

    @property
    def doubts(self) -> tuple[str, ...]:
        """Say that its mode is a guess, if its environment does not name one."""
        written = self.variables.get(MODE_VARIABLE)
        if written is None:
            return (f"Guessed: it has no {MODE_VARIABLE}.",)
        return () if written.lower() == self.mode else (f"Guessed from {MODE_VARIABLE}: {written}",)

    @property
    def mode(self) -> str:
        """Its mode; if a variable decides it, recording, the usual default."""
        written = self.variables.get(MODE_VARIABLE, "").lower()
        return next((mode for mode in MODES if mode in written), RECORDING.name)

    @property
    def build_id(self) -> str | None:
        """Its BUILD_ID as written."""
        if BUILD_ID_VARIABLE in self.own and self.own[BUILD_ID_VARIABLE] is None:
            return "${BUILD_ID}"
        return self.variables.get(BUILD_ID_VARIABLE)

    @property
    def secrets(self) -> frozenset[str]:
        """The token's value, if someone wrote it into a file."""
        value = self.service.environment.get(TOKEN_VARIABLE) or ""
        return frozenset((value,)) if "$" not in value and len(value) >= _SHORTEST_SECRET else frozenset()

    @cached_property
    def cloud(self) -> Block:
        """Its token as a reference, and the address of the cloud."""
        reference, notes = self._token()
        more = ((field, self.variables[name]) for name, field in CLOUD_VARIABLES.items() if name in self.variables)
        return Block((Entry("token", reference, notes), *(Entry(field, value) for field, value in more)))

    def _token(self) -> tuple[str, tuple[str, ...]]:
        written = self.service.environment.get(TOKEN_VARIABLE)
        if written is None:
            return DEFAULT_TOKEN, ()
        if token_variable(written) is not None:
            return written, ()
        if TOKEN_VARIABLE not in self.own:
            return DEFAULT_TOKEN, ("The token is in its env_file. Set it, or pass that file: --env-file FILE.",)
        if names := variables_in(written):
            return f"${{{names[0]}}}", (
                "Only a reference is allowed here, so its default in the Compose file is left out.",
            )
        return DEFAULT_TOKEN, ("The Compose file contains the token itself. Remove it, and set WALLARM_API_TOKEN.",)

    def fields(self, mode: str) -> Iterator[Entry]:
        """The FAST variables that are fields of a mode."""
        for name, field in NODE_TYPES[mode].variables().items():
            if (value := self.variables.get(name)) is not None:
                yield Entry(field, value, instead=_with_scheme(value) if field == "test_run_uri" else None)

    @property
    def environment(self) -> Block:
        """The variables unknown to FAST: those of the Compose file, then those that only an `env_file` sets."""
        of_files = {name: value for name, value in self.service.environment.items() if name not in self.own}
        written = [Entry(name, value) for name, value in self.own.items() if not _has_a_place(name)]
        read = [_of_file(name, value) for name, value in of_files.items() if not _has_a_place(name)]
        if read:
            read[0] = replace(read[0], notes=("From its env_file:", *read[0].notes))
        return Block((*written, *read))

    @property
    def image(self) -> str | None:
        """Its image, if that is not the default."""
        return self.service.image if self.service.image != DEFAULT_IMAGE else None

    @property
    def ports(self) -> "YamlList | tuple[str, ...] | None":
        """Its ports, on one line if they are short."""
        ports = self.tree.get("ports")
        if not isinstance(ports, YamlList) or not ports.items:
            return None
        texts = tuple(item.text for item in ports.items if isinstance(item, Scalar))
        return texts if len(texts) == len(ports.items) else ports

    @property
    def container(self) -> Block:
        """All keys that belong to Compose."""
        dropped = (*FIELDS_OF_THEIR_OWN, *VOID_THE_CHECKS, *_WHY, *_MEANT_BY_FASTFLOW)
        kept = ((key.text, value) for key, value in self.tree if key.text not in dropped)
        return Block(tuple(Entry(key, value) for key, value in kept if not key.startswith("x-")))

    def remarks(self, modes: Collection[str]) -> Iterator[str]:
        """The parts of it that are not possible in nodes of these modes, and why."""
        known = {field for mode in modes for field in NODE_TYPES[mode].variables().values()}
        homeless = [name for name, field in FIELDS.items() if name in self.variables and field not in known]
        if homeless:
            yield f"not kept: {', '.join(homeless)} (no field of a {' or '.join(modes)} node)"
        for key, why in _WHY.items():
            value = self.tree.get(key)
            if value is not None and not (key == "restart" and text(value) in ("no", None)):
                yield f"not kept: {key} ({why})"
        for name in self.variables:
            if name.startswith("WALLARM_") and name != TOKEN_VARIABLE and name not in CLOUD_VARIABLES:
                yield f"not kept: {name} (cloud: has no field for it)"
        for network, attachment in entries(self.tree.get("networks")):
            keys = [key.text for key, _ in attachment] if isinstance(attachment, YamlMap) else []
            if more := [key for key in keys if key != "aliases"]:
                yield f"not kept: {', '.join(more)} on the network {network.text}"


def _of_file(name: str, value: str | None) -> Entry:
    if _SECRET.search(name):
        return Entry(name, f"${{{name}:-}}", ("Not copied here. Set it, or pass that file: --env-file FILE.",))
    return Entry(name, value)


def _with_scheme(target: str) -> str | None:
    """A target without a scheme, completed as FAST may have read it."""
    return f"http://{target}" if _HOST.fullmatch(target) and target_of(f"http://{target}") else None


def _has_a_place(name: str) -> bool:
    return name in FIELDS or name in (BUILD_ID_VARIABLE, MODE_VARIABLE) or name.startswith("WALLARM_")


def variables_in(written: str) -> tuple[str, ...]:
    """The variables in a text; none if Compose could not read it."""
    try:
        return tuple(variables(parse_template(written)))
    except TemplateError:
        return ()
