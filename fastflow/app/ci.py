"""`fastflow ci`: the pipeline file of a CI system for a spec, made once and then kept in sync."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path

from fastflow.app.ci_options import INSTALL, CiOptions, read_options
from fastflow.app.specs import read_spec_text
from fastflow.check.facts import Facts
from fastflow.errors import UsageError, system_reason
from fastflow.files import exists, is_file, resolved
from fastflow.jobs import Pipeline
from fastflow.jobs.region import Found, Region, RegionError, in_step, regions_in, whole
from fastflow.jobs.splitting import connected, jobs_of, one_job
from fastflow.jobs.systems import NAMES, System, system_named
from fastflow.jobs.variables import variables_of
from fastflow.spec.reader import SpecText

Check = Callable[[SpecText], Facts]
"""Reads a spec, and raises InvalidSpecError if it has errors."""


@dataclass(frozen=True, slots=True)
class Change:
    """A pipeline file as it is (None if missing), and as it should be."""

    path: Path
    old: str | None
    new: str

    @property
    def is_needed(self) -> bool:
        """Whether the file is out of sync with its spec."""
        return self.old != self.new

    @property
    def diff(self) -> str:
        """The change, as `diff -u` shows it."""
        name = str(self.path)
        lines = unified_diff((self.old or "").splitlines(), self.new.splitlines(), name, name, lineterm="")
        return "\n".join(lines)

    def write(self) -> None:
        """Write the file; raises UsageError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("xb" if self.old is None else "wb") as file:
                file.write(self.new.encode())
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {system_reason(error)}") from None


def root_here() -> Path:
    """The top of the Git checkout, where CI systems run their jobs; outside a checkout, this directory."""
    here = Path.cwd()
    found = next((directory for directory in (here, *here.parents) if exists(directory / ".git")), here)
    return Path(os.path.relpath(found, here))


def options_of(system: str, spec: str | None, root: Path, **more: str | None) -> CiOptions:
    """The options of a command line, with the spec's path from the root; raises UsageError."""
    if spec == "-":
        raise UsageError("the pipeline needs a spec that is a file of the repository", "name the file")
    name = Path(os.path.relpath(read_spec_text(spec).name, root)).as_posix()
    if name.startswith("../"):
        raise UsageError(f"the spec {spec or name} is outside of the repository", "move it into the repository")
    return replace(CiOptions(system, name), **{key: value for key, value in more.items() if value})


def printed(options: CiOptions, root: Path, check: Check) -> str:
    """The whole file as newly made."""
    system = system_named(options.system)
    pipeline = _pipeline(options, system, root, Path(system.path), check)
    return whole(system.pieces(pipeline), pipeline.arguments)


def made(options: CiOptions, root: Path, output: str | None, check: Check, *, force: bool) -> Change:
    """The change that makes a system's file, or syncs its regions; raises UsageError for a file of others."""
    system = system_named(options.system)
    path = Path(output) if output else root / system.path
    pipeline = _pipeline(options, system, root, path, check)
    if not exists(path):
        return Change(path, None, whole(system.pieces(pipeline), pipeline.arguments))
    text = _text(path)
    regions = system.regions(pipeline)
    found = _regions(path, text, regions[0].part)
    for one in found:
        known = read_options(one.arguments or system.name, f"{path}:{one.begin + 1}")
        if (known.system, known.spec or options.spec) != (system.name, options.spec):
            hint = "name another file: --output FILE"
            raise UsageError(f"{path} has the pipeline of {known.system} {known.spec}", hint)
    return _in_step(path, text, found, pipeline, regions, force=force)


def kept(root: Path, only: str | None, output: str | None, check: Check, *, force: bool) -> tuple[Change, ...]:
    """The changes that sync the files that fastflow wrote, with the options stored in them; raises UsageError."""
    changes = []
    for path in _candidates(root, only, output):
        text = _text(path)
        found = _regions(path, text, "")
        if not found:
            continue
        options = read_options(found[0].arguments, f"{path}:{found[0].begin + 1}")
        if only in (None, options.system):
            system = system_named(options.system)
            pipeline = _pipeline(options, system, root, path, check)
            regions = system.regions(pipeline)
            found = _regions(path, text, regions[0].part)
            changes.append(_in_step(path, text, found, pipeline, regions, force=force))
    if not changes:
        hint = f"make one: fastflow ci {only or '|'.join(NAMES)}"
        raise UsageError(f"no file here was written by fastflow ci{f' for {only}' if only else ''}", hint)
    return tuple(changes)


def _candidates(root: Path, only: str | None, output: str | None) -> Iterable[Path]:
    """The files that may have regions."""
    if output is not None:
        return [Path(output)]
    systems = [system_named(name) for name in NAMES if only in (None, name)]
    paths = (path for system in systems for pattern in (system.path, *system.others) for path in root.glob(pattern))
    return list(dict.fromkeys(path for path in paths if is_file(path)))


def _pipeline(options: CiOptions, system: System, root: Path, path: Path, check: Check) -> Pipeline:
    text = read_spec_text(str(root / options.spec) if options.spec else None)
    facts, spec = check(text), Path(os.path.relpath(text.name, root)).as_posix()
    jobs = one_job(facts) if options.jobs == "one" else jobs_of(facts)
    if not system.hands_on:
        jobs = connected(jobs)
    return Pipeline(
        name=facts.spec.name or resolved(text.directory).name,
        spec=spec,
        file=Path(os.path.relpath(path, root)).as_posix(),
        jobs=jobs,
        tokens=facts.spec.token_names,
        variables=variables_of(facts),
        arguments=replace(options, spec=spec).arguments,
        install=options.install or INSTALL,
        runner=options.runner or system.runner,
        notes=tuple(_notes(facts, len(jobs))),
    )


def _notes(facts: Facts, number: int) -> Iterator[str]:
    if facts.spec.max_parallel and number > 1:
        yield f"max_parallel: {facts.spec.max_parallel} applies to each job, not to all jobs together."


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {system_reason(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not in UTF-8", "save it as UTF-8") from None


def _regions(path: Path, text: str, default: str) -> tuple[Found, ...]:
    try:
        return regions_in(text, default)
    except RegionError as error:
        raise UsageError(f"{path}:{error.line}: {error}", "put the two lines back as fastflow ci wrote them") from None


def _in_step(
    path: Path, text: str, found: Sequence[Found], pipeline: Pipeline, regions: Sequence[Region], *, force: bool
) -> Change:
    """Raises UsageError if a region is missing, or was edited by hand."""
    parts = [one.part for one in found]
    for region in regions:
        if parts.count(region.part) != 1:
            begin = f"{region.mark} >>> fastflow ci {pipeline.arguments}  # {region.part}"
            lines = f"`{begin}` and `{region.mark} <<< fastflow`"
            what = f"{path} has no place for" if region.part not in parts else f"{path} has several places for"
            message = f"{what} the {region.part} that fastflow would write, and fastflow never overwrites other text"
            raise UsageError(message, f"mark one place with the two lines {lines}, or print the file: --stdout")
    if unknown := [one for one in found if one.part not in {region.part for region in regions}]:
        message = f"{path}:{unknown[0].begin + 1}: there is no part `{unknown[0].part}`"
        raise UsageError(message, f"the parts are {', '.join(region.part for region in regions)}")
    edited = next((one for one in found if one.is_edited), None)
    if edited is not None and not force:
        message = f"{path}:{edited.begin + 1}: the {edited.part} that fastflow wrote have been edited"
        raise UsageError(message, "move the edit out of the marked region, or discard it: --force")
    return Change(path, text, in_step(text, found, regions, pipeline.arguments))
