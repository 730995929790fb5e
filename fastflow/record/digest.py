"""Digests of a run's inputs: `up --resume` resumes a run only if all of them are unchanged.

A digest is keyed with the tokens, so that it reveals nothing of a value to readers of the run's folder, which
CI systems keep as an artifact: the fields may contain other secrets, and short ones can be guessed.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fastflow.errors import FastflowError, system_reason
from fastflow.record.folder import RunFolder

FORMAT_VERSION = "1.0"
_FILE = "resume.json"
_KEY = "the tokens"
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class ResumeDigest:
    """A run's inputs. `variables` are fastflow's own, `build_ids` the BUILD_IDs by their paths in the spec.

    `fields` are the digests of the spec's fields by path, `files` those of Compose files by their path from the
    spec's directory; `tokens` is a digest that changes with the value of any token.
    """

    run: str
    is_emulated: bool
    variables: Mapping[str, str]
    build_ids: Mapping[str, str]
    tokens: str
    fields: Mapping[str, str]
    files: Mapping[str, str]

    def changes_since(self, earlier: "ResumeDigest") -> Iterator[str]:
        """Say in words what has changed; if a token has, the other digests cannot be compared."""
        if self.tokens != earlier.tokens:
            yield "the value of the token has changed, but records belong to the token that they were recorded with"
            return
        yield from _differences(earlier.fields, self.fields, "the spec's field")
        yield from _differences(earlier.files, self.files, "the Compose file")


def digests(texts: Mapping[str, str], tokens: Mapping[str, str]) -> dict[str, str]:
    """Digest texts by name, with the values of the tokens (by the names of their variables) as the key."""
    key = json.dumps(sorted(tokens.items())).encode()
    return {
        name: hmac.digest(key, f"{name}\n{text}".encode(), hashlib.sha256).hex()[:_DIGITS]
        for name, text in texts.items()
    }


def digest_of_tokens(tokens: Mapping[str, str]) -> str:
    """Digest the tokens themselves."""
    return digests({_KEY: ""}, tokens)[_KEY]


def write_digest(folder: RunFolder, digest: ResumeDigest) -> None:
    """Write the digests of a run's inputs to its folder; raises FastflowError."""
    path = folder.path / _FILE
    try:
        folder.write_json(path, {"format_version": FORMAT_VERSION, **asdict(digest)})
    except OSError as error:
        raise FastflowError(f"{path} cannot be written: {system_reason(error)}") from None


def read_digest(folder: Path) -> ResumeDigest | None:
    """Read the digests of a run's inputs; None if the folder has none."""
    try:
        content: Any = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return TypeAdapter(ResumeDigest).validate_python(content)
    except (OSError, ValueError, ValidationError):
        return None


def _differences(old: Mapping[str, str], new: Mapping[str, str], what: str) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"{what} {name} is gone"
        elif name not in old:
            yield f"{what} {name} is new"
        elif old[name] != new[name]:
            yield f"{what} {name} has changed"
