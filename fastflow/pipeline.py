"""fastflow on one screen: text → facts → findings → plan → result → report. Each command stops after one stage.

Only the first stages are imported at the start: commands that stop early do not pay for the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fastflow.check.facts import Facts
from fastflow.check.loading import NO_BUILD_IDS, load, masked
from fastflow.check.run import check_specs
from fastflow.diagnostic import Diagnostic, has_errors, in_file_order
from fastflow.errors import FastflowError, InvalidSpecError
from fastflow.files import resolved
from fastflow.spec.document import YamlPath
from fastflow.spec.reader import SpecText

if TYPE_CHECKING:
    from fastflow.plan import Plan
    from fastflow.plan.making import Selection
    from fastflow.record.archive import Archive
    from fastflow.record.events import Listener
    from fastflow.record.folder import RunFolder
    from fastflow.record.result import PhaseResult, RunResult
    from fastflow.run.engine import Engine
    from fastflow.run.observer import Cancellation
    from fastflow.settings import RunSettings

__all__ = ["Checked", "SpecText", "check", "execute", "load", "plan", "report"]


class Checked(NamedTuple):
    """Specs after all checks: the facts of those that could be read, and every finding in file order."""

    texts: tuple[SpecText, ...]
    specs: tuple[Facts, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def lines(self) -> dict[str, str]:
        """The text of the specs by the names of their files, for displaying findings."""
        return {text.name: text.content.decode("utf-8", errors="replace") for text in self.texts}

    def require_valid(self) -> "Checked":
        """Raise InvalidSpecError if the specs have errors."""
        if has_errors(self.diagnostics) or not self.specs:
            raise self.refusal(self.diagnostics)
        return self

    def refusal(self, found: tuple[Diagnostic, ...]) -> InvalidSpecError:
        """The error that ends a command because of its findings, from the checks or later."""
        from fastflow.report.findings_text import summary_of  # noqa: PLC0415  # most specs are valid

        message = f"{summary_of(found, len(self.texts))}; nothing was started"
        return InvalidSpecError(message, findings=found, texts=self.lines)


def check(
    texts: Sequence[SpecText],
    values: Mapping[str, str] | None,
    emulated: str | None = None,
    asked: Iterable[Diagnostic] = (),
    build_ids: Mapping[YamlPath, str] = NO_BUILD_IDS,
) -> Checked:
    """Facts to findings, over all specs together.

    Without `values` every variable is a symbol. `emulated` is the run's id if the emulator replaces the cloud: an
    unset token is then no error, and unset variables of BUILD_IDs take the id as their value. `asked` are findings
    from Docker Compose, if it was asked: the spec's levels and ignore comments apply to them too. `build_ids` are
    the values that BUILD_IDs with variables have from an earlier run, by their paths.
    """
    loaded = _unless_included((text, *load(text, values, emulated, build_ids)) for text in texts)
    specs = tuple(facts for facts, _ in loaded if facts is not None)
    diagnostics = check_specs(specs, [*(finding for _, found in loaded for finding in found), *asked])
    tokens = frozenset[str]().union(*(facts.tokens for facts in specs))
    return Checked(tuple(texts), specs, in_file_order(masked(diagnostics, tokens), (text.name for text in texts)))


def _unless_included(
    loaded: Iterable[tuple[SpecText, Facts | None, tuple[Diagnostic, ...]]],
) -> list[tuple[Facts | None, tuple[Diagnostic, ...]]]:
    """Leave out files that others include: they are checked as part of those, and would collide with themselves."""
    found = tuple(loaded)
    included = {file.path for _, facts, _ in found if facts is not None for file in facts.inclusions.values()}
    paths = (resolved(text.directory / Path(text.name).name) for text, _, _ in found)
    return [(facts, more) for path, (_, facts, more) in zip(paths, found, strict=True) if path not in included]


def plan(
    facts: Facts,
    directory: Path,
    selection: "Selection",
    max_parallel: int | None = None,
    kept_out: tuple[str, ...] = (),
) -> "Plan":
    """Facts to Plan; raises UsageError if the selection makes no sense.

    `kept_out` are variables that Docker's own settings would put into every container.
    """
    from fastflow.plan.making import make_plan  # noqa: PLC0415  # a validation stops before this stage

    return make_plan(facts, directory=directory, selection=selection, max_parallel=max_parallel, kept_out=kept_out)


def execute(
    made: "Plan",
    settings: "RunSettings",
    engines: "Mapping[str, Engine]",
    *,
    cancellation: "Cancellation",
    folder: "RunFolder",
    listeners: "Iterable[Listener]" = (),
    earlier: "Sequence[PhaseResult]" = (),
) -> "RunResult":
    """Plan to result: run it on `engines` (by host), record what happened, remove what was created.

    `earlier` are the results of the phases that passed in the run that is resumed.
    Raises FastflowError if nothing could be started; the run's folder records that too.
    """
    from fastflow.run.context import Host, RunContext  # noqa: PLC0415  # only a run pays for what runs it
    from fastflow.run.refusal import write_refusal  # noqa: PLC0415  # as above
    from fastflow.run.runner import Runner  # noqa: PLC0415  # as above

    hosts = {name: Host.of(name, engine, cancellation, settings.run) for name, engine in engines.items()}
    known = {result.id: result for result in earlier}
    context = RunContext(made, settings, folder, cancellation, (folder.on_event, *listeners), earlier=known)
    with closing(folder):
        try:
            result = Runner(context, hosts).execute()
        except FastflowError as error:
            write_refusal(made, settings, folder, started=context.started, exit_code=error.exit_code, earlier=earlier)
            raise
    folder.write_result(result)
    return result


def report(kind: str, archive: "Archive") -> str:
    """A run's folder to a report of one kind."""
    from fastflow.report.kinds import render  # noqa: PLC0415  # few runs are told in every kind

    return render(kind, archive)
