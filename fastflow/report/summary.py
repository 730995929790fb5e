"""What came of a run, for people."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from fastflow.record.har import RECORDS
from fastflow.record.result import PhaseResult, RunResult, Vulnerability
from fastflow.report.text import between, count, duration, without_breaks
from fastflow.report.vulnerabilities import short_description, verdict_on
from fastflow.report.words import FAILURES, LOOKS, log_of, state_of, time_of

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32"}  # of ECMA-48, for the words of a style
_ENDED = re.compile(r"^(\S)( \S+ +)(passed|vulnerable|failed|skipped|cancelled)\b", re.MULTILINE)
_FEW = 3
NO_MATRICES: Mapping[str, str] = MappingProxyType({})
_WIDEST_STATE = len("vulnerable")
NO_BASELINES: Mapping[str, int] = MappingProxyType({})


def summary_of_run(
    result: RunResult,
    folder: str,
    reports: Iterable[str] = (),
    matrices: Mapping[str, str] = NO_MATRICES,
    before: Mapping[str, int] = NO_BASELINES,
) -> str:
    """Say for each phase how it ended, for each failure why and what to do, and where the rest is.

    `reports` are the paths of the run's own reports, `matrices` those whose cells are told of as one, by the workflows
    that they made, `before` the baselines that phases had when they last passed. The text may hold what others wrote,
    as they wrote it.
    """
    groups = _folded(result.phases, matrices)
    width = max((len(name) for name in groups), default=0)
    lines = [line for name, phases in groups.items() for line in _phase(phases, name, width, before)]
    counts = Counter(phase.state for phase in result.phases)
    said = ", ".join(f"{number} {state}" for state, number in counts.items())
    lines += ["", f"{said} in {duration(between(result.started, result.ended) or 0.0)}; exit code {result.exit_code}"]
    lines += _found(result.phases)
    lines += [f"reports of {phase.id}: {', '.join(_heads(phase.reports))}" for phase in result.phases if phase.reports]
    lines += [f"report: {path}" for path in reports]
    lines.append(f"run folder: {folder}")
    if result.leftovers:
        lines += ["could not be removed; do it with:", *(f"  {command}" for command in result.leftovers)]
    return "\n".join(without_breaks(line) for line in lines)


def coloured(summary: str) -> str:
    """Colour the symbol and the state of each phase in a summary, for a terminal that shows colours."""

    def colour(found: re.Match[str]) -> str:
        start = f"\x1b[{';'.join(_CODES[word] for word in LOOKS[found[3]][1].split())}m"
        return f"{start}{found[1]}\x1b[0m{found[2]}{start}{found[3]}\x1b[0m"

    return _ENDED.sub(colour, summary)


def _folded(phases: Iterable[PhaseResult], matrices: Mapping[str, str]) -> Mapping[str, list[PhaseResult]]:
    """Group by name those phases of a matrix's cells that ended alike, with nothing more to say of each."""
    groups: dict[object, list[PhaseResult]] = {}
    for phase in phases:
        is_alone = phase.workflow not in matrices or phase.state in FAILURES or bool(phase.vulnerabilities)
        node = phase.id.rpartition(".")[2]
        key = (matrices[phase.workflow], node, phase.state, phase.reason) if not is_alone else phase.id
        groups.setdefault(key, []).append(phase)
    found: dict[str, list[PhaseResult]] = {}
    for alike in groups.values():
        first = alike[0]
        name = f"{matrices[first.workflow]}.{first.id.rpartition('.')[2]}" if len(alike) > 1 else first.id
        found[first.id if name in found else name] = alike
    return found


def _phase(alike: Sequence[PhaseResult], name: str, width: int, before: Mapping[str, int]) -> Iterator[str]:
    phase = alike[0]
    named = (("test record", phase.test_record), ("test run", phase.test_run))
    ids = (f"{what} {identity}" for what, identity in named if identity)
    told = ", ".join([*ids, *_baselines(phase, before.get(phase.id))])
    start = f"{LOOKS[phase.state][0]} {name:<{width}}  {state_of(phase):<{_WIDEST_STATE}}"
    if len(alike) > 1:
        told = f"in {len(alike)} cells: {_few([one.workflow for one in alike])}"
    slowest = max(alike, key=lambda one: between(one.started, one.ended) or 0.0)
    yield f"{start}  {time_of(slowest):>10}  {told}".rstrip()
    if phase.reason:
        yield f"    {phase.reason}"
    yield from _vulnerabilities(phase.vulnerabilities)
    if phase.hint:
        yield f"    what to do: {phase.hint}"
    elif any(one.expired for one in phase.vulnerabilities):
        yield "    what to do: fix what was accepted until now, or give its entry in the accept file a later day"
    elif phase.state == "vulnerable":
        yield "    what to do: mend what was found, or accept what is known, with a reason: fastflow accept"
    elif phase.state == "failed":
        yield "    what to do: see the end of its log" if phase.log else "    what to do: see the run folder"
    if phase.state in FAILURES and (log := log_of(phase)):
        yield f"    log: {log}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")


def _baselines(phase: PhaseResult, before: int | None) -> Iterator[str]:
    """How many baselines there were, if that is news: tests that go past the node are seen by nothing else."""
    is_own = (phase.test_record or "").startswith(RECORDS)
    if phase.baselines is not None and (is_own or before not in (None, phase.baselines)):
        said = f" ({before} when it last passed)" if before not in (None, phase.baselines) else ""
        yield f"{count(phase.baselines, 'baseline')}{said}"


def _vulnerabilities(found: Iterable[Vulnerability]) -> Iterator[str]:
    """Name each kind once, the gravest first, with how often it was found and what the gate made of it."""
    times: Counter[str] = Counter()
    for one in sorted(found, key=lambda one: (one.gate != "fails", -one.counted_threat, one.type)):
        fails_as_ever = one.gate == "fails" and one.expired is None
        times[short_description(one) + ("" if fails_as_ever else f": {verdict_on(one)}")] += 1
    for text, number in times.items():
        yield f"    {text}" + (f", {number} times" if number > 1 else "")


def _found(phases: Iterable[PhaseResult]) -> Iterator[str]:
    found = [one for phase in phases for one in phase.vulnerabilities]
    if found:
        types = ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(one.type for one in found).items()))
        excused = sum(one.gate != "fails" for one in found)
        rest = f"; {excused} of them excused" if excused else ""
        yield f"{count(len(found), 'vulnerability')}: {types}{rest}"


def _heads(paths: tuple[str, ...]) -> list[str]:
    """Name the directory of several files: their names are long, and of one kind."""
    return list(paths) if len(paths) == 1 else sorted({path.rpartition("/")[0] or path for path in paths})
