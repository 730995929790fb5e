"""Where runs are kept. Importing this takes no time: completion asks for it at each key."""

from pathlib import Path

from fastflow.files import matching


def runs_beside(directory: Path) -> Path:
    """The folder of the runs of the specs in a directory."""
    return directory / ".fastflow" / "runs"


def run_folders(directory: Path) -> list[Path]:
    """The folders of these runs, the latest first; whether fastflow wrote them is for others to see."""
    return sorted(matching(runs_beside(directory), "*/"), key=lambda path: path.name, reverse=True)
