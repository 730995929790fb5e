"""A run as Markdown, for the summary of a CI job and for comments on a change."""

from collections.abc import Iterable, Iterator, Sequence

from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult
from fastflow.report.inert_markdown import code, code_element, cut, fenced, table
from fastflow.report.verdict import verdict_of
from fastflow.report.vulnerabilities import Discovery, accept_command, acceptance, discoveries_of, verdict_on
from fastflow.report.words import last_lines, state_of, time_of

_SYMBOLS = {"passed": "✅", "vulnerable": "❗", "failed": "❌"}
_LISTED = 100
_SHOWN_REQUESTS = 20
_LONGEST_REQUEST = 2_000


def render(archive: Archive) -> str:
    """Return the page: how the run ended, its phases, and its findings with the requests."""
    discoveries = discoveries_of(archive.phases)
    verdict = verdict_of(archive.result, archive.phases)
    refusal = archive.history.refusal
    exit_code = archive.result.exit_code if archive.result is not None else "none"
    lines = [
        f"## fastflow: {code(archive.name)}: {verdict.headline}",
        "",
        f"Run {code(archive.run)}, exit code {exit_code}",
        "",
        *((f"Nothing was started: {code(refusal)}", "") if refusal is not None else ()),
        *_phases(archive.phases),
        *_log_ends(archive.phases),
    ]
    if discoveries:
        lines += ["", f"### Vulnerabilities: {len(discoveries)}", "", *_table(discoveries)]
        lines += [*_explanations(archive.run, discoveries), *_requests(discoveries)]
    if archive.result is not None and archive.result.leftovers:
        lines += [
            "",
            "Could not be removed; remove it with:",
            "",
            *(f"- {code(one)}" for one in archive.result.leftovers),
        ]
    return "\n".join(lines) + "\n"


def _phases(phases: Iterable[PhaseResult]) -> Iterator[str]:
    yield from table(
        ("phase", "state", "time", "test run", "reason"),
        (
            (
                code(phase.id),
                f"{_SYMBOLS.get(phase.state, '')} {state_of(phase)}".strip(),
                time_of(phase),
                code(phase.test_run),
                "<br>".join(code(text) for text in (phase.reason, phase.hint) if text),
            )
            for phase in phases
        ),
    )


def _table(discoveries: Sequence[Discovery]) -> Iterator[str]:
    head = ("type", "threat", "parameter", "request", "baseline", "phase", "gate", "fingerprint")
    yield from table(head, map(_row, discoveries[:_LISTED]))
    if len(discoveries) > _LISTED:
        yield ""
        yield f"And {len(discoveries) - _LISTED} more, listed in the other reports of the run."


def _row(one: Discovery) -> tuple[str, ...]:
    found = one.vulnerability
    return (
        code(f"{found.type} ({found.scanner})" if found.scanner else found.type),
        "not known" if found.threat is None else str(found.threat),
        code(found.parameter),
        code(one.place),
        code(found.baseline),
        code(one.phase.id),
        code(verdict_on(found)) if acceptance(found) else verdict_on(found),
        code(found.fingerprint),
    )


def _explanations(run: str, discoveries: Sequence[Discovery]) -> Iterator[str]:
    """Explanations of each type of flaw, and how to accept those that fail a gate."""
    explanations = {one.name: one.explanation for one in discoveries if one.explanation}
    if explanations:
        yield ""
        yield from (f"- **{name}**: {explanation}" for name, explanation in explanations.items())
    if any(one.vulnerability.gate == "fails" for one in discoveries):
        yield ""
        yield f"Fix them, or accept one with a reason: {code(accept_command(run, 'FINGERPRINT'))}"


def _requests(discoveries: Iterable[Discovery]) -> Iterator[str]:
    """The attacks of the most severe, folded."""
    for one in [one for one in discoveries if one.request or one.message][:_SHOWN_REQUESTS]:
        title = f"{code_element(one.name)} in {code_element(one.place) or 'a request'}"
        yield from _folded(title, cut("\n\n".join(filter(None, (one.message, one.request))), _LONGEST_REQUEST))


def _log_ends(phases: Iterable[PhaseResult]) -> Iterator[str]:
    """The last lines of the logs that show why phases failed, folded."""
    for phase in phases:
        if phase.evidence is not None:
            title, _, text = last_lines(phase.evidence).partition("\n")
            yield from _folded(f"{code_element(phase.id)}: {code_element(title.removesuffix(':'))}", text)


def _folded(title: str, text: str) -> Iterator[str]:
    """A title (HTML) that unfolds a text. The empty line ends the HTML block (CommonMark 4.6), so Markdown follows."""
    yield from ("", f"<details><summary>{title}</summary>", "", fenced(text), "", "</details>")
