"""Possible causes of different findings of two runs, from their folders."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastflow.model.mode import mode_named
from fastflow.record.archive import Archive
from fastflow.record.digest import ResumeDigest, read_digest
from fastflow.record.plan_file import RunImage
from fastflow.record.result import PhaseResult
from fastflow.report.diff.cause import Cause, how
from fastflow.report.diff.spec_changes import Values, spec_changes, values_of
from fastflow.run.node_log import ended_test_sets

_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Basis:
    """A run's inputs, as far as its folder has them."""

    archive: Archive
    digest: ResumeDigest | None
    values: Values | None

    @classmethod
    def of(cls, archive: Archive) -> "Basis":
        """Read it from the folder of a run."""
        digest = read_digest(archive.folder)
        return cls(archive, digest, values_of(archive, digest))


@dataclass(frozen=True)
class Pair:
    """The inputs of two runs, the older first."""

    old: Basis
    new: Basis

    @property
    def digests(self) -> tuple[ResumeDigest, ResumeDigest] | None:
        """The digests, if they can be compared, because they are keyed with the tokens."""
        old, new = self.old.digest, self.new.digest
        return (old, new) if old is not None and new is not None and old.tokens == new.tokens else None

    def causes(self) -> Iterator[Cause]:
        """The known differences."""
        old, new = self.old.archive, self.new.archive
        versions = versions_of(old), versions_of(new)
        if self.old.values is not None and self.new.values is not None:
            is_one_version = versions[0].get("fastflow") == versions[1].get("fastflow")
            yield from spec_changes(self.old.values, self.new.values, self.digests if is_one_version else None)
        if self.digests is not None:
            before, after = (digest.files for digest in self.digests)
            for name in sorted({*before, *after}):
                if before.get(name) != after.get(name):
                    yield Cause("compose", name, how(name in before, name in after))
        yield from _of_images(old, new)
        yield from _of_records(old, new)
        yield from self._of_clouds()
        for name in versions[0]:
            if versions[1].get(name, versions[0][name]) != versions[0][name]:
                yield Cause.of("version", name, versions[0][name], versions[1][name])

    def _of_clouds(self) -> Iterator[Cause]:
        if self.old.digest is None or self.new.digest is None:
            return
        clouds = ["emulated" if one.is_emulated else "Wallarm's" for one in (self.old.digest, self.new.digest)]
        if clouds[0] != clouds[1]:
            yield Cause.of("cloud", "cloud", *clouds)
        elif self.digests is None:
            yield Cause("cloud", "the token's value", "changed")

    def unknown(self) -> Iterator[str]:
        """What cannot be compared, and why, in words."""
        if runs := self._lacking(lambda run: run.values is not None):
            yield f"specs: {runs} has no plan.json with the values of its spec"
        if runs := self._lacking(lambda run: run.digest is not None):
            yield f"Compose files: {runs} has no resume.json with their digests"
        elif self.digests is None:
            yield "Compose files: their digests are keyed with the token, whose value differs"
        if runs := self._lacking(lambda run: run.archive.plan is not None and run.archive.plan.images):
            yield f"images: {runs} does not say which it ran"

    def _lacking(self, has: Callable[[Basis], object]) -> str:
        """Name the runs without something; "" if both have it."""
        runs = dict.fromkeys(one.archive.run for one in (self.old, self.new) if not has(one))
        return " and ".join(f"run {run}" for run in runs)


def _of_images(old: Archive, new: Archive) -> Iterator[Cause]:
    """Images of services that both runs have, grouped by name."""
    images = [{(one.workflow, one.service): one for one in (run.plan.images if run.plan else ())} for run in (old, new)]
    changed: dict[tuple[str, str], list[str]] = {}
    for place, before in images[0].items():
        after = images[1].get(place)
        if after is not None and before.content != after.content:
            shown = _image(before, old.run, after), _image(after, new.run, before)
            changed.setdefault(shown, []).append(".".join(place))
    for (was, is_now), places in changed.items():
        yield Cause.of("image", ", ".join(places), was, is_now)


def _image(image: RunImage, run: str, other: RunImage) -> str:
    """Name an image and its content: by its digest if both have one, else by its id."""
    content = image.digest if image.digest and other.digest else image.id
    name = "built by the run" if run in image.image else image.image
    return f"{name} ({content.removeprefix('sha256:')[:_SHOWN_DIGITS]})"


def _of_records(old: Archive, new: Archive) -> Iterator[Cause]:
    for phase in new.phases:
        before = next((one for one in old.phases if one.id == phase.id), None)
        counts = (baselines_of(old, before), baselines_of(new, phase))
        if None not in counts and counts[0] != counts[1]:
            yield Cause.of("record", f"baselines tested by {phase.id}", *map(str, counts))


def baselines_of(archive: Archive, phase: PhaseResult | None) -> int | None:
    """The number of baselines that a testing phase tested, by its log; None if that is not known."""
    if phase is None or mode_named(phase.mode).makes != "test run":
        return None
    log = Path(phase.log.replace("\\", "/")).stem if phase.log else phase.id  # that of the last attempt
    text = archive.logs.get(log)
    return len(ended_test_sets(text.splitlines())) if text is not None else None


def versions_of(archive: Archive) -> Mapping[str, str]:
    """The versions of fastflow, and of each host's engine and Compose, as far as they are known."""
    if archive.plan is None:
        return {}
    found = {"fastflow": archive.plan.fastflow} if archive.plan.fastflow else {}
    for host, versions in archive.plan.hosts.items():
        where = "" if host == "default" else f" of {host}"
        found |= {f"Docker Engine{where}": versions.engine, f"Docker Compose{where}": versions.compose}
    return found
