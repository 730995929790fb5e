"""The summary of a run, for people."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from fastflow.record.har import RECORDS
from fastflow.record.result import PhaseResult, RunResult, Vulnerability
from fastflow.report.colours import painted
from fastflow.report.text import between, count, duration, without_breaks
from fastflow.report.vulnerabilities import accept_command, short_description, verdict_on
from fastflow.report.words import FAILURES, LOOKS, log_of, state_of, time_of

_ENDED = re.compile(r"^(\S)( \S+ +)(passed|vulnerable|failed|skipped|cancelled)\b", re.MULTILINE)
_COMMAND = re.compile(r" +(?:fastflow|docker) ")
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
    *,
    run: str = "",
) -> str:
    """Say for each phase how it ended, for each failure why and what to do, and where to find more.

    `reports` are the paths of the run's own reports, `matrices` those whose cells are reported as one, by the workflows
    that they made, `before` the baselines that phases had when they last passed, `run` the name of the run in commands
    (by default its id). The text may contain texts of others, as they wrote them.
    """
    groups = _folded(result.phases, matrices)
    width = max((len(name) for name in groups), default=0)
    lines = [line for name, phases in groups.items() for line in _phase(phases, name, width, before, run or result.run)]
    counts = Counter(phase.state for phase in result.phases)
    said = ", ".join(f"{number} {state}" for state, number in counts.items())
    lines += ["", f"{said} in {duration(between(result.started, result.ended) or 0.0)}; exit code {result.exit_code}"]
    lines += _found(result.phases)
    lines += [line for name, phases in groups.items() for line in _reports(name, phases)]
    lines += [f"report: {path}" for path in reports]
    lines.append(f"run folder: {folder}")
    if result.leftovers:
        lines += ["could not be removed; remove it with:", *(f"  {command}" for command in result.leftovers)]
    return "\n".join(without_breaks(line) for line in lines)


def coloured(summary: str) -> str:
    """Colour the symbol and the state of each phase in a summary, for a terminal that shows colours."""

    def colour(found: re.Match[str]) -> str:
        style = LOOKS[found[3]][1]
        return f"{painted(found[1], style)}{found[2]}{painted(found[3], style)}"

    return _ENDED.sub(colour, summary)


def wrapped(summary: str, width: int) -> str:
    """Break the lines of a summary between words for a terminal with that many columns, except those to be copied."""
    return "\n".join(part for line in summary.split("\n") for part in _broken(line, width))


def _broken(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    if len(line) <= width or _COMMAND.match(line):
        return [line]
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=indent,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _folded(phases: Iterable[PhaseResult], matrices: Mapping[str, str]) -> Mapping[str, list[PhaseResult]]:
    """Group by name those phases of a matrix's cells that ended alike, without individual details."""
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


def _phase(alike: Sequence[PhaseResult], name: str, width: int, before: Mapping[str, int], run: str) -> Iterator[str]:
    phase = alike[0]
    named = (("test record", phase.test_record), ("test run", phase.test_run))
    ids = (f"{what} {identity}" for what, identity in named if identity)
    details = ", ".join([*ids, *_baselines(phase, before.get(phase.id))])
    start = f"{LOOKS[phase.state][0]} {name:<{width}}  {state_of(phase):<{_WIDEST_STATE}}"
    if len(alike) > 1:
        details = f"in {len(alike)} cells: {_few([one.workflow for one in alike])}"
    slowest = max(alike, key=lambda one: between(one.started, one.ended) or 0.0)
    yield f"{start}  {time_of(slowest):>10}  {details}".rstrip()
    if phase.reason:
        yield f"    {phase.reason}"
    yield from _vulnerabilities(phase.vulnerabilities)
    yield from _advice(phase, run)
    if phase.state in FAILURES and (log := log_of(phase)):
        yield f"    log: {log}"


def _advice(phase: PhaseResult, run: str) -> Iterator[str]:
    if phase.hint:
        yield f"    what to do: {phase.hint}"
    elif phase.state == "failed":
        yield "    what to do: see the end of its log" if phase.log else "    what to do: see the run folder"
    elif phase.state == "vulnerable":
        if any(one.expired for one in phase.vulnerabilities):
            yield "    what to do: fix what was accepted until now, or set a later date in the accept file"
        failing = (one for one in _ranked(phase.vulnerabilities) if one.gate == "fails" and not one.expired)
        fingerprints = list(dict.fromkeys(one.fingerprint for one in failing))
        if fingerprints:
            yield "    what to do: fix it, or accept it with a reason:"
        for fingerprint in fingerprints if len(fingerprints) <= _FEW else ["FINGERPRINT"]:
            yield f"      {accept_command(run, fingerprint)}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")


def _baselines(phase: PhaseResult, before: int | None) -> Iterator[str]:
    """The number of baselines, if it is news: nothing else shows tests that bypass the node."""
    is_own = (phase.test_record or "").startswith(RECORDS)
    if phase.baselines is not None and (is_own or before not in (None, phase.baselines)):
        said = f" ({before} when it last passed)" if before not in (None, phase.baselines) else ""
        yield f"{count(phase.baselines, 'baseline')}{said}"


def _vulnerabilities(found: Iterable[Vulnerability]) -> Iterator[str]:
    """Name each kind once, with how often it was found and the gate's verdict."""
    times: Counter[str] = Counter()
    for one in _ranked(found):
        fails_as_ever = one.gate == "fails" and one.expired is None
        verdict = "" if fails_as_ever else f": {verdict_on(one)}"
        times[f"{short_description(one)} [{one.fingerprint}]{verdict}"] += 1
    for text, number in times.items():
        yield f"    {text}" + (f", {number} times" if number > 1 else "")


def _ranked(found: Iterable[Vulnerability]) -> list[Vulnerability]:
    """Those that fail the gate first, each part by threat, so that names and commands have the same order."""
    return sorted(found, key=lambda one: (one.gate != "fails", -one.counted_threat, one.type))


def _found(phases: Iterable[PhaseResult]) -> Iterator[str]:
    found = [one for phase in phases for one in phase.vulnerabilities]
    if found:
        types = ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(one.type for one in found).items()))
        excused = sum(one.gate != "fails" for one in found)
        rest = f"; {excused} of them excused" if excused else ""
        yield f"{count(len(found), 'vulnerability')}: {types}{rest}"


def _reports(name: str, alike: Sequence[PhaseResult]) -> Iterator[str]:
    """The place of a phase's reports. Several cells have a directory each, of which the first ones are named."""
    heads = [head for phase in alike for head in _heads(phase.reports)]
    if heads:
        yield f"reports of {name}: {_few(heads) if len(alike) > 1 else ', '.join(heads)}"


def _heads(paths: tuple[str, ...]) -> list[str]:
    """Name only the directory of several files, because their names are long and similar."""
    return list(paths) if len(paths) == 1 else sorted({path.rpartition("/")[0] or path for path in paths})
