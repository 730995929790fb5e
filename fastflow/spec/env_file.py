"""Files of variables: `.env`, and what `--env-file` and a service's `env_file` name."""

from collections.abc import Mapping
from pathlib import Path


def read_env_file(path: Path, *, interpolates: bool = False) -> Mapping[str, str | None]:
    """Read the variables of a file; a name without a value has None. Raises OSError and UnicodeDecodeError."""
    from dotenv import dotenv_values  # noqa: PLC0415  # most often there is no such file

    with path.open(encoding="utf-8") as file:
        return dotenv_values(stream=file, interpolate=interpolates)
