"""The place where runs are kept. Importing this must be fast: shell completion does it at each key."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fastflow.files import is_directory, matching, resolved

CHECKOUT_FILE = "checkout.json"


@dataclass(frozen=True, slots=True)
class Checkout:
    """The directory of a spec.

    CI jobs in containers have theirs under the same path; device and inode distinguish those that exist.
    """

    directory: str
    device: int
    inode: int

    @classmethod
    def of(cls, directory: Path) -> "Checkout":
        """Identify a directory. Raises OSError."""
        found = directory.stat()
        return cls(str(resolved(directory)), found.st_dev, found.st_ino)

    def write(self, folder: Path) -> None:
        """Write the checkout of a run to its folder. Raises OSError."""
        (folder / CHECKOUT_FILE).write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Checkout | None":
        """The checkout of a run's folder; None if it names none, like one that was copied from next to another spec."""
        try:
            content = json.loads((folder / CHECKOUT_FILE).read_text(encoding="utf-8"))
            return cls(str(content["directory"]), int(content["device"]), int(content["inode"]))
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class RunsDir:
    """The place where runs are kept: those of all specs in the directory `chosen`; without one, next to each spec."""

    chosen: Path | None = None

    def path(self, directory: Path) -> Path:
        """The directory with the folders of runs of the specs in a directory."""
        return self.chosen or directory / ".fastflow" / "runs"

    def folder(self, spec: str, run: str) -> Path:
        """The folder of a run of a spec (by its absolute path); it may be on another machine."""
        return self.path(Path(spec).parent) / run

    def folders(self, directory: Path) -> list[Path]:
        """The folders of these runs, the latest first; callers check whether fastflow wrote them."""
        found = self.all_folders(directory)
        if self.chosen is None:
            return found
        here = str(resolved(directory))
        return [folder for folder in found if (whose := Checkout.read(folder)) is None or whose.directory == here]

    def all_folders(self, directory: Path) -> list[Path]:
        """These, and those of other specs' runs that are kept in the same place, the latest first."""
        return sorted(matching(self.path(directory), "*/"), key=lambda path: path.name, reverse=True)

    def has_from(self, directory: Path, run: str) -> bool:
        """Whether a run was started in this very directory, and not in a different one with the same path."""
        folder = self.path(directory) / run
        if self.chosen is None:
            return is_directory(folder)
        try:
            return Checkout.read(folder) == Checkout.of(directory)
        except OSError:
            return False


NEXT_TO_SPEC = RunsDir()
