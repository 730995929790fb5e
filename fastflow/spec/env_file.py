"""Files of variables: `.env`, and what `--env-file` and a service's `env_file` name."""

import errno
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from fastflow.spec.events import MAX_BYTES


def read_env_file(path: Path, *, interpolates: bool = False) -> Mapping[str, str | None]:
    """Read the variables of a file; a name without a value has None. Raises OSError and UnicodeDecodeError.

    It may be a pipe. More than 5 MB, and a NUL byte, which no variable can hold, are an OSError.
    """
    from dotenv import dotenv_values  # noqa: PLC0415  # most often there is no such file

    with path.open(encoding="utf-8") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"It has more than {MAX_BYTES:,} characters")
    if "\0" in text:
        raise OSError(errno.EINVAL, "It holds a NUL byte")
    return dotenv_values(stream=StringIO(text), interpolate=interpolates)
