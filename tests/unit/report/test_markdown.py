"""The Markdown report, read back by markdown-it as GitHub's renderer reads it: tables, and nothing that is active."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fastflow.record.result import PhaseResult, Suppression, Vulnerability
from fastflow.report.markdown import render

from .html.archives import HOSTILE, Told, found, hostile_run, phase, told_run, vulnerable_run

OWN = re.compile(r"</?(?:code|pre|details|summary|br)>")


def tables(text: str) -> list[list[list[str]]]:
    """The cells of all tables, as their readers see them."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and token.level >= 4:
            shown = (part for part in token.children or () if part.type != "html_inline")
            found[-1][-1].append("".join(part.content for part in shown))
    return found


_ELEMENTS = (
    "paragraph", "heading", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item", "strong"
)  # fmt: skip
PLAIN = {"text", "text_special", "html_inline", "html_block", "softbreak", "inline", "code_inline", "fence"} | {
    f"{element}_{end}" for element in _ELEMENTS for end in ("open", "close")
}


def active(text: str) -> list[str]:
    """What Markdown makes of a text besides paragraphs, headings, tables and fastflow's own elements."""
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    tokens = [token for block in parsed for token in (block, *(block.children or ()))]
    html = [token.content for token in tokens if token.type in ("html_inline", "html_block")]
    return [token.type for token in tokens if token.type not in PLAIN] + [
        one for one in html if "<" in OWN.sub("", one)
    ]


def test_a_run_is_a_table_of_phases_and_one_of_vulnerabilities() -> None:
    text = render(vulnerable_run())
    phases, findings = tables(text)
    assert [row[:2] for row in phases[1:]] == [
        ["web.record", "✅ passed"],
        ["web.test", "❗ vulnerable"],
        ["api.test", "❌ failed (allowed)"],
    ]
    assert findings[0] == ["type", "threat", "parameter", "request", "baseline", "phase", "gate", "fingerprint"]
    assert findings[1][:2] == ["unknown", "not known"]
    assert findings[2] == [
        "sqli", "80", "code", "POST http://app:3000/coupon/1", "bl_1", "web.test", "fails the gate", f"{1:016x}",
    ]  # fmt: skip
    assert findings[5][6] == "accepted until 2027-01-31: the manuals are public"
    assert "\n\n```text\nPOST /coupon/1 HTTP/1.1\nHost: app:3000\n\ncode=SPRING1%27\n```\n\n</details>\n" in text


def test_it_can_be_read_as_text() -> None:
    lines = render(vulnerable_run()).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("| type"))
    rows = lines[start : start + 5]
    assert len({len(row) for row in rows}) == 1, "columns stand below one another"
    assert "| `sqli`    | 80        | `code`    | `POST http://app:3000/coupon/1`" in rows[3]


def test_each_type_is_explained_once_and_accepting_has_a_command() -> None:
    text = render(vulnerable_run())
    assert text.count("- **SQL injection**: ") == text.count("- **Path traversal**: ") == 1
    assert '`fastflow accept 261124090000abcde --fingerprint FINGERPRINT --reason "WHY"`' in text
    assert "fastflow accept" not in render(told_run(phase("web.test", vulnerabilities=(found(1, gate="below"),))))


def test_a_run_that_was_killed_says_so() -> None:
    run = replace(told_run(phase("web.test", "running", ended=None)), result=None)
    text = render(run)
    assert "Cut short" in text.splitlines()[0]
    assert tables(text)[0][1][:2] == ["web.test", "cut short while running"]


def test_only_so_many_vulnerabilities_are_listed() -> None:
    many = tuple(found(number) for number in range(150))
    text = render(told_run(phase("web.test", vulnerabilities=many)))
    assert len(tables(text)[1]) == 101
    assert "And 50 more" in text
    assert len(text) < 900_000


def test_hostile_texts_are_inert() -> None:
    text = render(hostile_run())
    assert active(text) == []
    assert not {character for character in text if ord(character) < 32} - {"\n", "\t"}
    assert all(len(row) == 8 for row in tables(text)[1])
    assert HOSTILE[0] in {row[2] for row in tables(text)[1]}


ODD = st.text(st.sampled_from("a |<>&`*_[]()!#@:/\\~\n\r\t-=+.wh\"'1\u202e\x1b\x00")) | st.sampled_from(
    ["www.evil.example", "http://evil.example", "@octocat", "![x](y)", "</code></pre>", "&lt;b&gt;", "\n\n# x", "```"]
)


@given(text=ODD)
def test_no_text_is_active(text: str) -> None:
    suppressed = Suppression(text, text)
    one = Vulnerability(text, 5, text, text, text, text, text, f"GET /{text}", "accepted", suppressed)
    result: PhaseResult = replace(phase("web.test"), reason=text, hint=text, vulnerabilities=(one,), test_run=text)
    run: Told = replace(told_run(result), run=text, spec=text)
    shown = render(run)
    assert active(shown) == []
    assert all(len(row) == 8 for row in tables(shown)[1])
    for word in ("www.", "http:", "@octocat"):
        assert word not in outside_of_code(shown)


def outside_of_code(text: str) -> str:
    """What renderers look for links and mentions in."""
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    shown = [part for block in parsed if block.type != "fence" for part in (block.children or [block])]
    return " ".join(part.content for part in shown if part.type in ("text", "html_block"))
