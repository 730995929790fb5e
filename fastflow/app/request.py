"""The request of `fastflow up`: a spec that passed its checks, or the phases that did not pass in an earlier run."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fastflow.app.environment import kept_out, new_run_id, own_variables, values_for
from fastflow.check.facts import Facts
from fastflow.ci import RUN_ID
from fastflow.errors import UsageError
from fastflow.model.resolved import resolved_fields
from fastflow.pipeline import Checked, SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.record.place import NEXT_TO_SPEC, RunsDir
from fastflow.spec.document import YamlPath

if TYPE_CHECKING:
    from fastflow.masking import Masker
    from fastflow.record.digest import ResumeDigest
    from fastflow.record.folder import RunFolder
    from fastflow.run.earlier import EarlierRun


@dataclass(frozen=True)
class RunRequest:
    """A spec that passed its checks with `values`, the id of its run, and which phases of it run.

    `earlier` is the run that is resumed: phases that passed in it do not run again.
    """

    run: str
    text: SpecText
    values: Mapping[str, str]
    env_files: tuple[str, ...]
    checked: Checked
    selection: Selection
    max_parallel: int | None = None
    is_emulated: bool = False
    earlier: "EarlierRun | None" = None
    runs_dir: RunsDir = NEXT_TO_SPEC

    @property
    def facts(self) -> Facts:
        """The spec."""
        return self.checked.specs[0]

    @cached_property
    def tokens(self) -> Mapping[str, str]:
        """The tokens by the variables that hold them, if they are set."""
        return {name: value for name in self.facts.spec.token_names if (value := self.values.get(name))}

    @cached_property
    def mask(self) -> "Masker":
        """The masker that removes the tokens from a text."""
        from fastflow.masking import Masker  # noqa: PLC0415  # a dry run has nothing to mask

        return Masker(self.tokens.values())

    @cached_property
    def plan(self) -> Plan:
        """The plan of its run; raises UsageError if the selection makes no run, or a resumed run's input changed."""
        selection = self.selection
        if self.earlier is not None:
            self.earlier.require_unchanged(self.digest)
            selection = replace(selection, resumption=self.earlier.resumption)
        made = plan(self.facts, self.text.directory, selection, self.max_parallel, kept_out())
        if made.outcomes is not None:
            from fastflow.app.following import require_same  # noqa: PLC0415  # most runs follow none

            require_same(made, self.facts)
        for phase in made.selected:
            if phase.lost_record is not None:
                raise UsageError(*phase.lost_record)
        return made

    @property
    def _fields(self) -> dict[str, str]:
        """The resolved value of every field of the spec, with the workflows' own variables."""
        own = {f"workflows.{name}.variables": json.dumps(found) for name, found in self.facts.variables.items()}
        return {**resolved_fields(self.facts.spec, self.facts.document), **own}

    @cached_property
    def digest(self) -> "ResumeDigest":
        """The digests of the run's inputs, for resuming it."""
        from fastflow.record.digest import ResumeDigest, digest_of_tokens, digests  # noqa: PLC0415  # a dry run has none

        directory = self.text.directory
        files = {os.path.relpath(document.file, directory): document.text for document in self.facts.compose_files}
        return ResumeDigest(
            run=self.run,
            is_emulated=self.is_emulated,
            variables=own_variables(self.values),
            build_ids={
                ".".join(map(str, phase.build_id_path)): phase.build_id
                for phase in self.facts.phases
                if phase.build_id is not None
            },
            tokens=digest_of_tokens(self.tokens),
            fields=digests(self._fields, self.tokens),
            files=digests(files, self.tokens),
        )

    def make_folder(self) -> "RunFolder":
        """Make the run's folder, and write the digests of its inputs there. Raises FastflowError."""
        from fastflow.record.digest import write_digest  # noqa: PLC0415  # a dry run has no folder
        from fastflow.record.folder import RunFolder  # noqa: PLC0415  # as above

        folder = RunFolder(self.text.directory, self.run, self.mask, self.runs_dir)
        write_digest(folder, self.digest)
        return folder


def request_of(
    text: SpecText,
    env_files: tuple[str, ...],
    selection: Selection,
    max_parallel: int | None = None,
    *,
    emulate: bool = False,
    resume: str | None = None,
    run: str | None = None,
    variables: Mapping[str, str] | None = None,
    runs_dir: RunsDir = NEXT_TO_SPEC,
) -> RunRequest:
    """Check a spec for a new or resumed run; raises InvalidSpecError and UsageError.

    `run` is the run's id, by default a new one; `variables` replace fastflow's own.
    """
    run = run or new_run_id()
    values = values_for(text.directory, env_files, run).over(variables or {})
    stand_in = values[RUN_ID]
    earlier, known = None, dict[YamlPath, str]()
    if resume is not None:
        from fastflow.record.archive import find_run, read_archive  # noqa: PLC0415  # most runs resume none
        from fastflow.run.earlier import earlier_run  # noqa: PLC0415  # as above

        archive = read_archive(find_run(resume, text.directory, runs_dir))
        earlier = earlier_run(archive.folder, archive.phases)
        values = values.over(earlier.digest.variables)
        known = {tuple(path.split(".")): value for path, value in earlier.digest.build_ids.items()}
    checked = check([text], values, stand_in if emulate else None, build_ids=known).require_valid()
    return RunRequest(run, text, values, env_files, checked, selection, max_parallel, emulate, earlier, runs_dir)
