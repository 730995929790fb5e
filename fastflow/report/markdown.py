"""A run as Markdown, for the summary of a CI job and for comments on a change."""

from collections.abc import Iterable, Iterator, Sequence

from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult
from fastflow.report.inert_markdown import code, cut, entities
from fastflow.report.verdict import verdict_of
from fastflow.report.vulnerabilities import Discovery, acceptance, discoveries_of, verdict_on
from fastflow.report.words import last_lines, state_of, time_of

_SYMBOLS = {"passed": "✅", "vulnerable": "❗", "failed": "❌"}
_LISTED = 100
_SHOWN_REQUESTS = 20
_LONGEST_REQUEST = 2_000


def render(archive: Archive) -> str:
    """Give the page: how the run ended, its phases, and what was found, with the requests."""
    discoveries = discoveries_of(archive.phases)
    told = verdict_of(archive.result, archive.phases)
    refusal = archive.history.refusal
    exit_code = archive.result.exit_code if archive.result is not None else "none"
    lines = [
        f"## fastflow: {code(archive.name)}: {told.headline}",
        "",
        f"Run {code(archive.run)}, exit code {exit_code}",
        "",
        *((f"Nothing was started: {code(refusal)}", "") if refusal is not None else ()),
        *_phases(archive.phases),
        *_log_ends(archive.phases),
    ]
    if discoveries:
        lines += ["", f"### Vulnerabilities: {len(discoveries)}", "", *_table(discoveries), *_requests(discoveries)]
    if archive.result is not None and archive.result.leftovers:
        lines += ["", "Could not be removed; do it with:", "", *(f"- {code(one)}" for one in archive.result.leftovers)]
    return "\n".join(lines) + "\n"


def _phases(phases: Iterable[PhaseResult]) -> Iterator[str]:
    yield "| phase | | time | test run | reason |"
    yield "|---|---|---|---|---|"
    for phase in phases:
        cells = (
            code(phase.id),
            f"{_SYMBOLS.get(phase.state, '')} {state_of(phase)}".strip(),
            time_of(phase),
            code(phase.test_run),
            "<br>".join(code(text) for text in (phase.reason, phase.hint) if text),
        )
        yield f"| {' | '.join(cells)} |"


def _table(discoveries: Sequence[Discovery]) -> Iterator[str]:
    yield "| type | threat | parameter | request | baseline | phase | gate | fingerprint |"
    yield "|---|---|---|---|---|---|---|---|"
    for one in discoveries[:_LISTED]:
        found = one.vulnerability
        cells = (
            code(f"{found.type} ({found.scanner})" if found.scanner else found.type),
            "not known" if found.threat is None else str(found.threat),
            code(found.parameter),
            code(one.place),
            code(found.baseline),
            code(one.phase.id),
            code(verdict_on(found)) if acceptance(found) else verdict_on(found),
            code(found.fingerprint),
        )
        yield f"| {' | '.join(cells)} |"
    if len(discoveries) > _LISTED:
        yield ""
        yield f"And {len(discoveries) - _LISTED} more: see another report of the run."


def _requests(discoveries: Iterable[Discovery]) -> Iterator[str]:
    """The attacks of the gravest, folded."""
    for one in [one for one in discoveries if one.request or one.message][:_SHOWN_REQUESTS]:
        title = f"{code(one.name)} in {code(one.place) or 'a request'}"
        yield from _folded(title, cut("\n\n".join(filter(None, (one.message, one.request))), _LONGEST_REQUEST))


def _log_ends(phases: Iterable[PhaseResult]) -> Iterator[str]:
    """The last lines of the logs that show why phases failed, folded."""
    for phase in phases:
        if phase.evidence is not None:
            title, _, text = last_lines(phase.evidence).partition("\n")
            yield from _folded(f"{code(phase.id)}: {code(title.removesuffix(':'))}", text)


def _folded(title: str, text: str) -> Iterator[str]:
    """A title (HTML) that unfolds a text, on one line: an HTML block ends at an empty line (CommonMark 4.6)."""
    lines = entities(text).replace("\n", "&#10;")
    yield ""
    yield f"<details><summary>{title}</summary><pre><code>{lines}</code></pre></details>"
