"""Plan to Compose projects: pure and deterministic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """A Compose file of the user, as it is."""

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

    def __post_init__(self) -> None:
        assert self.sources, "a project without a document is a bug"
