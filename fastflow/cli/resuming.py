"""`up --resume`: from the command line to a checked spec with the values of the run that is taken up."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fastflow.app.environment import new_run_id, own_variables, values_for
from fastflow.check.facts import Facts
from fastflow.cli.stages import checked
from fastflow.model.resolved import resolved_fields
from fastflow.pipeline import SpecText
from fastflow.plan.making import Resumption
from fastflow.record.archive import find_run, read_archive
from fastflow.record.digest import ResumeDigest, digest_of_tokens, digests
from fastflow.run.earlier import EarlierRun, earlier_run
from fastflow.spec.document import YamlPath


@dataclass(frozen=True)
class Ground:
    """What a run rests on: a spec that passed its checks with `values`. `earlier` is the run that is taken up."""

    run: str
    values: Mapping[str, str]
    facts: Facts
    text: SpecText
    is_emulated: bool
    earlier: EarlierRun | None = None

    @property
    def resumption(self) -> Resumption | None:
        """What the plan has to know of the run that is taken up."""
        return self.earlier.resumption if self.earlier else None

    @cached_property
    def digest(self) -> ResumeDigest:
        """The same as digests, for whoever takes up this run."""
        spec = self.facts.spec
        names = {spec.cloud_of(workflow).token_name for workflow in spec.workflows}
        tokens = {name: value for name in names if (value := self.values.get(name))}
        files = {
            os.path.relpath(document.file, self.text.directory): document.text for document in self.facts.compose_files
        }
        return ResumeDigest(
            run=self.run,
            is_emulated=self.is_emulated,
            variables=own_variables(self.values),
            build_ids={
                ".".join(map(str, phase.build_id_path)): phase.build_id
                for phase in self.facts.phases
                if phase.build_id is not None
            },
            tokens=digest_of_tokens(tokens),
            fields=digests(resolved_fields(spec, self.facts.document), tokens),
            files=digests(files, tokens),
        )


def ground_of(
    text: SpecText, env_files: Iterable[str], *, emulate: bool, resume: str | None, shows_warnings: bool
) -> Ground:
    """Check a spec for a run, or for one that takes up another; raises InvalidSpecError and UsageError."""
    run = new_run_id()
    values = values_for(text.directory, env_files, run)
    emulated = run if emulate else None
    if resume is None:
        return Ground(run, values, checked(text, values, emulated, shows_warnings=shows_warnings), text, emulate)
    archive = read_archive(find_run(resume, text.directory))
    earlier = earlier_run(archive.folder, archive.phases)
    values = values.over(earlier.digest.variables)
    known: dict[YamlPath, str] = {tuple(path.split(".")): value for path, value in earlier.digest.build_ids.items()}
    facts = checked(text, values, emulated, shows_warnings=shows_warnings, build_ids=known)
    ground = Ground(run, values, facts, text, emulate, earlier)
    earlier.require_unchanged(ground.digest)
    return ground
