"""The emulator's base image when it cannot be made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import pytest

from fastflow.emulation import image
from fastflow.emulation.image import BASE_IMAGE, ensure_base
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EmulatorError, EngineCallError


class Engine:
    """An engine without a network; `versions` are those of the base image that is there."""

    def __init__(self, versions: Iterable[str] = ()) -> None:
        self.versions = set(versions)

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        (version,) = labels.values()
        is_there = bool(self.versions) if version is None else version in self.versions
        return (BASE_IMAGE,) if is_there else ()

    environment: Mapping[str, str] = {}

    @property
    def api(self) -> "Engine":
        return self


def ensured(engine: Engine) -> list[str]:
    said: list[str] = []

    def fail(words: Sequence[str], environment: Mapping[str, str], timeout: float) -> str:
        assert timeout
        raise EngineCallError("E: no network", None, words[0], 1)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(image, "call", fail)
        ensure_base(cast(DockerEngine, engine), said.append)
    return said


def test_without_network_the_base_of_an_older_fastflow_is_used() -> None:
    assert ensured(Engine(["old"]))[1:] == [
        f"the image {BASE_IMAGE} could not be rebuilt, so the older one is used: E: no network"
    ]


def test_without_network_and_any_base_the_way_from_another_machine_is_named() -> None:
    with pytest.raises(EmulatorError, match=f"^the image {BASE_IMAGE} could not be built: E: no network$") as caught:
        ensured(Engine())
    assert "docker save fastflow-python:3" in (caught.value.hint or "")
