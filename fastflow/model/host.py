"""A host: a Docker Engine, or a cluster of them."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from fastflow import __version__
from fastflow.model.base import TEXT_SCHEMA, Boolean, Reads, SpecModel, Symbolic, Text, WholeNumber, describe, wrong

AGENT_IMAGE = f"fastflow-agent:{__version__}"
"""The image name that `fastflow agent build` uses by default, with this version."""
_CPUS = r"[0-9]{1,4}(\.[0-9]{1,9})?"
_BYTES = r"([0-9]{1,12})([bkmgBKMG])?[bB]?"
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"(?:[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*"
"""An image's name without a tag (https://pkg.go.dev/github.com/distribution/reference)."""
_VARIABLE_OR_TEXT = {**TEXT_SCHEMA, "examples": ["1", "0.5"]}


def _cpus(value: Any) -> Any:
    if isinstance(value, Symbolic) or value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(_CPUS, value) or not float(value):
        raise wrong(f"expected a number of CPUs, not {describe(value)}", "write 1, 2 or 0.5")
    return float(value)


def _memory(value: Any) -> Any:
    if isinstance(value, Symbolic) or value == "":
        return None
    match = re.fullmatch(_BYTES, value) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        raise wrong(f"expected an amount of memory, not {describe(value)}", "write 512M or 2G")
    return int(match[1]) * _UNITS[(match[2] or "b").lower()]


def _constraints(value: Any) -> Any:
    items = value if isinstance(value, (list, tuple)) else [value]
    for item in items:
        is_text = isinstance(item, str) and not isinstance(item, Symbolic)
        if not isinstance(item, str) or (is_text and not re.search(r"\S\s*[!=]=\s*\S", item)):
            raise wrong(f"expected constraints of Docker Swarm, not {describe(item)}", "write [node.labels.ci == true]")
    return tuple(items)


def _repository(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Symbolic) or value == "" or re.fullmatch(_REPOSITORY, value):
        return value or None
    if re.fullmatch(_REPOSITORY, re.sub(r"(:[\w.-]+)?(@.*)?$", "", value)):
        raise wrong(f"{value} has a tag", "leave out the tag, because each run tags its image with its own id")
    raise wrong(f"expected the name of an image, not {describe(value)}", "write registry.example/ci/bundle")


class Reserve(SpecModel):
    """What a unit reserves on its node. The cluster queues units that no node has room for."""

    cpus: Annotated[float | None, Reads(_cpus, _VARIABLE_OR_TEXT)] = None
    """Number of CPUs. Default: 1."""
    memory: Annotated[int | None, Reads(_memory, {**TEXT_SCHEMA, "examples": ["2G"]})] = None
    """Memory, such as 512M or 2G. Default: nothing is reserved."""


class Host(SpecModel):
    """A Docker Engine, or a Docker Swarm by one of its managers: exactly one of a Docker context or an address."""

    context: Text | None = None
    """The name of a Docker context."""
    docker_host: Text | None = None
    """The engine's address: ssh://, tcp:// or unix://."""
    max_parallel: Annotated[int | None, WholeNumber(1, 100_000)] = None
    """Maximum number of phases at once on this host, or of units on a cluster. Default: no limit."""
    swarm: Boolean = None
    """`true`: the engine is a manager of a Docker Swarm, and workflows run on the swarm's nodes. Default: false."""
    image: Text | None = None
    """The agent's image on the nodes of a cluster. Default: the image that `fastflow agent build` makes."""
    bundle: Annotated[Text | None, BeforeValidator(_repository)] = None
    """An image in a registry, without a tag, that carries more than 1 MB of files to the nodes."""
    constraints: Annotated[
        tuple[Text, ...] | None,
        BeforeValidator(_constraints),
        WithJsonSchema({"type": [*TEXT_SCHEMA["type"], "array"], "items": TEXT_SCHEMA}),
    ] = None
    """The nodes of a cluster that may run units, written as for `docker service create --constraint`."""
    reserve: Reserve | None = None
    """The resources that each unit on a cluster reserves."""
    source_run: Boolean = None
    """`true`: sources of kind `run` run in the agent on a cluster's node, with the node's network. Default: false."""

    @property
    def engine(self) -> str:
        """The name of its engine: equal texts are one engine. A cluster counts as one."""
        return f"context {self.context}" if self.context is not None else f"address {self.docker_host}"

    @property
    def is_cluster(self) -> bool:
        """Whether it is a cluster."""
        return self.swarm is True

    @property
    def reserved_cpus(self) -> float:
        """The CPUs that a unit reserves on it: agents on one node do not know of each other."""
        return (self.reserve.cpus if self.reserve else None) or 1.0

    @property
    def reserved_memory(self) -> int | None:
        """The bytes of memory that a unit reserves on it, if any."""
        return self.reserve.memory if self.reserve else None

    @property
    def agent_image(self) -> str:
        """The image of the agent on its nodes."""
        return self.image or AGENT_IMAGE


CLUSTER_FIELDS = ("image", "bundle", "constraints", "reserve", "source_run")
"""The fields of a host that only a cluster has."""
