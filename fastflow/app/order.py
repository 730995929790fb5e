"""The dispatcher's order to an agent, which travels in the unit's secret."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter

from fastflow import __version__


@dataclass(frozen=True, slots=True)
class Order:
    """The order. `spec` is a path below the shipped directory, `identity` the spec's on its original machine.

    `files` are those that contain the token, `variables` are fastflow's own. `cloud` is the network and the name of
    the cluster's emulated cloud, `auths` are logins to registries. `bundle` is the image with the files, if any.
    """

    version: str
    unit: str
    spec: str
    identity: str
    workflows: tuple[str, ...]
    only: str | None
    max_parallel: int | None
    fail_fast: bool
    emulate: bool
    cloud: str | None
    env_files: int
    resume: str | None
    bundle: str | None
    variables: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)
    auths: Mapping[str, object] = field(repr=False)
    files: Mapping[str, str] = field(repr=False)

    def written(self) -> bytes:
        """Encode it for an agent."""
        return json.dumps(asdict(self)).encode()


def read_order(content: bytes) -> Order | str:
    """Read an order; if another version of fastflow wrote it, return that version."""
    fields = json.loads(content)
    if fields.get("version") != __version__:
        return str(fields.get("version"))
    return TypeAdapter(Order).validate_python(fields)
