"""A run as Markdown, for the summary of a CI job and for comments on a change.

What others wrote (logs, requests, answers of the application) is in `code` and `pre` elements, with every character
that Markdown or HTML could take for its own as a numeric entity: it makes no link, no mention and no element.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult
from fastflow.report.text import one_line, pictured
from fastflow.report.verdict import verdict_of
from fastflow.report.vulnerabilities import Discovery, acceptance, discoveries_of, verdict_on
from fastflow.report.words import last_lines, state_of, time_of

_SYMBOLS = {"passed": "✅", "vulnerable": "❗", "failed": "❌"}
_ACTIVE = re.compile(r"[^A-Za-z0-9 ./=?,;%'\"()+#\u00a0-\U0010ffff-]|(?<=www)\.", re.IGNORECASE)
_LISTED = 100
_SHOWN_REQUESTS = 20
_LONGEST_TEXT, _LONGEST_REQUEST = 500, 2_000


def render(archive: Archive) -> str:
    """Give the page: how the run ended, its phases, and what was found, with the requests."""
    discoveries = discoveries_of(archive.phases)
    told = verdict_of(archive.result, archive.phases)
    refusal = archive.history.refusal
    code = archive.result.exit_code if archive.result is not None else "none"
    lines = [
        f"## fastflow: {_code(archive.name)}: {told.headline}",
        "",
        f"Run {_code(archive.run)}, exit code {code}",
        "",
        *((f"Nothing was started: {_code(refusal)}", "") if refusal is not None else ()),
        *_phases(archive.phases),
        *_log_ends(archive.phases),
    ]
    if discoveries:
        lines += ["", f"### Vulnerabilities: {len(discoveries)}", "", *_table(discoveries), *_requests(discoveries)]
    if archive.result is not None and archive.result.leftovers:
        lines += ["", "Could not be removed; do it with:", "", *(f"- {_code(one)}" for one in archive.result.leftovers)]
    return "\n".join(lines) + "\n"


def _phases(phases: Iterable[PhaseResult]) -> Iterator[str]:
    yield "| phase | | time | test run | reason |"
    yield "|---|---|---|---|---|"
    for phase in phases:
        cells = (
            _code(phase.id),
            f"{_SYMBOLS.get(phase.state, '')} {state_of(phase)}".strip(),
            time_of(phase),
            _code(phase.test_run),
            "<br>".join(_code(text) for text in (phase.reason, phase.hint) if text),
        )
        yield f"| {' | '.join(cells)} |"


def _table(discoveries: Sequence[Discovery]) -> Iterator[str]:
    yield "| type | threat | parameter | request | baseline | phase | gate | fingerprint |"
    yield "|---|---|---|---|---|---|---|---|"
    for one in discoveries[:_LISTED]:
        found = one.vulnerability
        cells = (
            _code(found.type),
            "not known" if found.threat is None else str(found.threat),
            _code(found.parameter),
            _code(one.place),
            _code(found.baseline),
            _code(one.phase.id),
            _code(verdict_on(found)) if acceptance(found) else verdict_on(found),
            _code(found.fingerprint),
        )
        yield f"| {' | '.join(cells)} |"
    if len(discoveries) > _LISTED:
        yield ""
        yield f"And {len(discoveries) - _LISTED} more: see another report of the run."


def _requests(discoveries: Iterable[Discovery]) -> Iterator[str]:
    """The attacks of the gravest, folded."""
    for one in [one for one in discoveries if one.request][:_SHOWN_REQUESTS]:
        title = f"{_code(one.name)} in {_code(one.place) or 'a request'}"
        yield from _folded(title, _cut(one.request, _LONGEST_REQUEST))


def _log_ends(phases: Iterable[PhaseResult]) -> Iterator[str]:
    """The last lines of the logs that show why phases failed, folded."""
    for phase in phases:
        if phase.evidence is not None:
            title, _, text = last_lines(phase.evidence).partition("\n")
            yield from _folded(f"{_code(phase.id)}: {_code(title.removesuffix(':'))}", text)


def _folded(title: str, text: str) -> Iterator[str]:
    """A title (HTML) that unfolds a text, on one line: an HTML block ends at an empty line (CommonMark 4.6)."""
    lines = _entities(text).replace("\n", "&#10;")
    yield ""
    yield f"<details><summary>{title}</summary><pre><code>{lines}</code></pre></details>"


def _code(text: str | None) -> str:
    line = one_line(text or "")
    return f"<code>{_entities(_cut(line, _LONGEST_TEXT))}</code>" if line else ""


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} …"


def _entities(text: str) -> str:
    return _ACTIVE.sub(lambda found: found[0] if found[0] == "\n" else f"&#{ord(found[0])};", pictured(text))
