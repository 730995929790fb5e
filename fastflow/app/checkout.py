"""The specs below a directory: in a Git checkout those that Git tracks or would add, elsewhere those not in a copy."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from fastflow.files import exists, is_file

_NOT_SEARCHED = frozenset(
    (
        *(".git", ".hg", ".svn", ".fastflow", ".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", ".eggs"),
        *("node_modules", "bower_components", "jspm_packages", ".yarn", ".pnpm-store", "vendor", "third_party"),
        *(".bundle", ".gradle", ".terraform", ".direnv", ".cache", ".worktrees", "Pods", "Carthage"),
    )
)
# Accept any owner of the checkout, as in a container, and run no program that its settings name.
_GIT = ("git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false")
_PATTERNS = (":(glob)**/*fastflow.yml", ":(glob)**/*fastflow.yaml")
_SUBMODULE = "160000"
_TIMEOUT = 60
"""Seconds."""


def specs_below(directory: Path, environment: Mapping[str, str]) -> list[Path]:
    """Every `fastflow.y(a)ml` and `*.fastflow.y(a)ml` below a directory, sorted.

    `environment` is that of the calls of Git.
    """
    # The variables of a Git hook about its repository are wrong in a submodule.
    own = {name: value for name, value in environment.items() if not name.startswith("GIT_")}
    tracked = _Checkout(own).files(directory)
    found = _walked(directory) if tracked is None else tracked
    return sorted(path for path in found if _is_spec(path.name) and is_file(path))


def _is_spec(name: str) -> bool:
    stem, _, ending = name.rpartition(".")
    return ending in ("yml", "yaml") and (stem == "fastflow" or stem.endswith(".fastflow"))


def _walked(directory: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if name not in _NOT_SEARCHED and not _is_worktree(Path(parent, name))]
        yield from (Path(parent) / name for name in files)


def _is_worktree(directory: Path) -> bool:
    """Whether a directory is another checkout of a repository (`git worktree`), with copies of its files."""
    link = directory / ".git"
    try:
        return is_file(link) and "/worktrees/" in link.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


class _Checkout:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def files(self, directory: Path) -> list[Path] | None:
        """The files that could be specs, including submodules'; None outside a checkout, and in an ignored folder."""
        top = self._ask(directory, "rev-parse", "--show-toplevel")
        if top is None:
            return None
        kinds = ("--cached", "--others", "--exclude-standard")
        listed = self._ask(directory, "ls-files", "-z", *kinds, "--", *_PATTERNS)
        if listed is None or (not listed and self._ask(directory, "check-ignore", "-q", ".") is not None):
            return None
        found = [directory / name for name in set(listed.split("\0")) if name]
        for submodule in self._submodules(directory, Path(top.rstrip("\n"))):
            found += self.files(submodule) or ()
        return found

    def _submodules(self, directory: Path, top: Path) -> Iterator[Path]:
        """The submodules below a directory that are checked out."""
        if not is_file(top / ".gitmodules"):
            return
        for entry in (self._ask(directory, "ls-files", "-z", "--stage") or "").split("\0"):
            about, _, name = entry.partition("\t")
            if about.startswith(_SUBMODULE) and exists(directory / name / ".git"):
                yield directory / name

    def _ask(self, directory: Path, *words: str) -> str | None:
        """The output of Git; None if it fails or is missing."""
        try:
            done = subprocess.run(
                [*_GIT, *words],
                cwd=directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return os.fsdecode(done.stdout)
