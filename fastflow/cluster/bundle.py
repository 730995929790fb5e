"""The files that a unit needs, as one compressed archive: those in and below the spec's directory, and a few more.

Compose files may name files above that directory. They are shipped as well if they are in the same Git checkout or
below the current directory: nobody expects a run to send files from elsewhere on the machine.
"""

import io
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastflow.application.paths import paths_in
from fastflow.check.facts import Facts
from fastflow.cluster.cluster import FILE_LIMIT
from fastflow.errors import UsageError, system_reason
from fastflow.files import exists, is_directory, is_file, resolved
from fastflow.masking import SHORTEST
from fastflow.record.har import RECORDS
from fastflow.record.place import Checkout
from fastflow.spec.document import YamlMap

FILES, ENV_FILES, EARLIER = "files", "env-files", "earlier"
"""Places in the archive: the shipped directory, the `--env-file`s by number, the run that is resumed."""
_EARLIER_FILES = ("result.json", "resume.json", "events.jsonl", "plan.json")
_LEFT_OUT = frozenset(
    (
        *(".git", ".hg", ".svn", ".fastflow", "__pycache__", ".venv", ".tox", ".nox"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache"),
    )
)


@dataclass(frozen=True, slots=True)
class Shipment:
    """The files to ship: `paths` below `root`, `env_files`, and the folder of the run that is resumed."""

    root: Path
    spec: str
    """The spec's path from the root."""
    paths: tuple[Path, ...]
    env_files: tuple[str, ...] = ()
    earlier: Path | None = None


def shipment_of(
    facts: Facts, spec: Path, here: Path, env_files: Iterable[str] = (), earlier: Path | None = None
) -> Shipment:
    """Find the files that a spec's file and its Compose files need. Raises UsageError.

    `here` is the current directory.
    """
    base = resolved(spec.parent)
    outside = tuple(dict.fromkeys(path for path in _named(facts, base) if not path.is_relative_to(base)))
    allowed = _allowed(base, resolved(here))
    for path in outside:
        if not path.is_relative_to(allowed):
            raise UsageError(
                f"{path} is needed on the cluster, but is outside of {allowed}, the directory that can be shipped",
                "move the spec up, so that the file is below it, or start fastflow in a directory above both",
            )
    root = Path(os.path.commonpath([base, *outside])) if outside else base
    return Shipment(root, str((base / spec.name).relative_to(root)), (base, *outside), tuple(env_files), earlier)


def _allowed(base: Path, here: Path) -> Path:
    """The topmost directory that may be shipped: the Git checkout, or the current directory if the spec is below."""
    top = next((path for path in (base, *base.parents) if exists(path / ".git")), base)
    return min(top, here, key=lambda path: len(path.parts)) if base.is_relative_to(here) else top


def _named(facts: Facts, base: Path) -> Iterator[Path]:
    """The files and directories that Compose documents name by relative paths, and these documents themselves."""
    inline = [
        source
        for workflow in facts.spec.workflows.values()
        for source in workflow.compose or ()
        if isinstance(source, YamlMap)
    ]
    found = [path for tree in inline for path in paths_in(tree, base)]
    for document in facts.compose_files:
        file = resolved(Path(document.file))
        found += [file, *paths_in(document.root, file.parent)]
    for workflow in facts.spec.workflows.values():
        first = next((base / source for source in workflow.compose or () if isinstance(source, str)), None)
        if first is not None and is_file(first.parent / ".env"):
            found.append(first.parent / ".env")
    found += [Path(name) for name in (*facts.accept_files, *facts.inclusions)]
    yield from (resolved(path) for path in found if exists(path))


def pack(shipment: Shipment, secrets: Iterable[str] = (), largest: int = FILE_LIMIT) -> tuple[bytes, Mapping[str, str]]:
    """Make the archive; return it, and the files that contain one of `secrets`, by their names in it.

    All users of the cluster can read the archive, so a `.env` with the token in it goes to the agent alone. Raises
    UsageError if a file cannot be read, or if the archive has more than `largest` bytes.
    """
    sizes: dict[str, int] = {}
    kept_back: dict[str, str] = {}
    out, known = io.BytesIO(), [secret.encode() for secret in secrets if len(secret) >= SHORTEST]
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, name in _members(shipment):
            before = out.tell()
            if (text := _secret_text(path, known)) is not None:
                kept_back[name] = text
                continue
            try:
                archive.add(path, name, recursive=False)
            except OSError as error:
                hint = "let this user read it, or move it elsewhere"
                raise UsageError(f"{path} cannot be shipped to the cluster: {system_reason(error)}", hint) from None
            top = name.split("/")[1] if name.count("/") else name
            sizes[top] = sizes.get(top, 0) + out.tell() - before
    content = out.getvalue()
    if len(content) > largest:
        raise _too_large(shipment, len(content), sizes, largest)
    return content, kept_back


def _secret_text(path: Path, secrets: Sequence[bytes]) -> str | None:
    """The text of a file that contains a secret; None for any other, and for an unreadable one."""
    if not secrets or path.is_symlink() or not is_file(path):
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content.decode(errors="surrogateescape") if any(secret in content for secret in secrets) else None


def _too_large(shipment: Shipment, size: int, sizes: Mapping[str, int], largest: int) -> UsageError:
    named = ", ".join(
        f"{name} ({sizes[name] / 1e6:.1f} MB)" for name in sorted(sizes, key=lambda name: -sizes[name])[:3]
    )
    way = "" if largest > FILE_LIMIT else ", or name an image for them in the host: bundle: registry.example/ci/bundle"
    return UsageError(
        f"the files in {shipment.root} are too large for a cluster: {size / 1e6:.1f} MB compressed, "
        f"{largest / 1e6:g} MB at most; the largest are {named}",
        f"move files that the tests do not need out of that directory{way}",
    )


def _members(shipment: Shipment) -> Iterator[tuple[Path, str]]:
    """Every file with its name in the archive, each once, directories before their content."""
    seen: set[Path] = set()
    for path in shipment.paths:
        for one in _below(path):
            if one not in seen:
                seen.add(one)
                yield one, f"{FILES}/{one.relative_to(shipment.root).as_posix()}"
    for number, file in enumerate(shipment.env_files):
        yield Path(file), f"{ENV_FILES}/{number}"
    if (earlier := shipment.earlier) is not None:
        for path in (*(earlier / name for name in _EARLIER_FILES), *sorted((earlier / RECORDS).glob("*.har"))):
            if is_file(path):
                yield path, f"{EARLIER}/{earlier.name}/{path.relative_to(earlier).as_posix()}"


def _below(path: Path) -> Iterator[Path]:
    if not is_directory(path) or path.is_symlink():
        yield path
        return
    for directory, folders, files in os.walk(path):
        here = Path(directory)
        kept = (name for name in folders if name not in _LEFT_OUT)
        folders[:] = sorted(name for name in kept if Checkout.read(here / name) is None)  # else it is a run's folder
        yield here
        links = (here / name for name in folders if (here / name).is_symlink())
        plain = (here / name for name in sorted(files))
        yield from (one for one in (*links, *plain) if one.is_symlink() or is_file(one))


def unpack(packed: Path, target: Path, kept_back: Mapping[str, str]) -> None:
    """Unpack the file that `pack` made."""
    for name, text in kept_back.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, errors="surrogateescape")
    with tarfile.open(packed) as archive:
        if hasattr(tarfile, "tar_filter"):
            archive.extractall(target, filter="tar")  # it is fastflow's own
        else:  # before Python 3.11.4
            archive.extractall(target)  # noqa: S202  # as above


def unpack_results(content: bytes, target: Path) -> None:
    """Unpack a node's results: plain files and directories below `target`, and nothing else.

    Raises tarfile.TarError, OSError and EOFError.
    """
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            parts = Path(member.name).parts
            if member.isfile() and ".." not in parts and not Path(member.name).is_absolute():
                path = target.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                file = archive.extractfile(member)
                assert file is not None
                path.touch(mode=member.mode & 0o777)  # only its owner may read a record
                with file, path.open("wb") as out:
                    shutil.copyfileobj(file, out)
