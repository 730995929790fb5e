"""`up --run-id-file F`: writes the run's id for scripts; other commands take it with `--run`."""

import re
from pathlib import Path

from fastflow.errors import UsageError, system_reason
from fastflow.files import exists, is_file

_AN_ID = re.compile(rb"\s*[0-9a-z]{10,40}\s*|")


class RunIdFile:
    """A file for a run's id. It is empty until there is one, so that a script does not take an earlier run's.

    Raises UsageError if the file cannot be written, or contains anything but a run's id and thus is not ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if is_file(path) and not _AN_ID.fullmatch(self._content()):
            raise UsageError(f"--run-id-file {path}: the file contains something else", "name a new file")
        if is_file(path) or not exists(path):
            self.write("")

    @classmethod
    def named(cls, name: str | None) -> "RunIdFile | None":
        """The file with that name, if one is given."""
        return cls(Path(name)) if name is not None else None

    def write(self, text: str) -> None:
        """Write the id, or nothing."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{text}\n" if text else "")
        except OSError as error:
            raise self._unusable(error, "written") from None

    def _content(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                return file.read(100)
        except OSError as error:
            raise self._unusable(error, "read") from None

    def _unusable(self, error: OSError, what: str) -> UsageError:
        return UsageError(f"--run-id-file {self._path} cannot be {what}: {system_reason(error)}", "name another file")
