"""What is fuzzed: each target takes any bytes, ends without an exception, and asserts what holds for any input."""

import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from fastflow.application.documents import FileSource
from fastflow.application.needs import without_fast
from fastflow.application.reader import ComposeFiles
from fastflow.check.including import join
from fastflow.check.inclusion import with_includers
from fastflow.diagnostic import Diagnostic, Mark, has_errors
from fastflow.errors import UsageError
from fastflow.model.accept import read_accept_file
from fastflow.model.base import NAME
from fastflow.model.cells import has_matrix
from fastflow.model.expansion import expand
from fastflow.pipeline import SpecText, check
from fastflow.record.archive import read_archive
from fastflow.report.diff import as_json, as_markdown, as_text
from fastflow.report.diff.comparison import compare as compare_runs
from fastflow.report.findings import FORMATS, Findings
from fastflow.report.findings_github import MOST
from fastflow.report.findings_text import Sources
from fastflow.spec.document import YamlMap
from fastflow.spec.equality import Ambiguous, Distinct, Equal, compare
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import read_documents, read_list, read_spec
from fastflow.spec.template import Template, TemplateError, parse_template, variables, written
from tests.property.template_pairs import texts_of
from tests.unit.model.good_specs import COMPOSE, FULL, SMALL

ROOT = Path(__file__).parents[2]
RUN = ROOT / "tests" / "unit" / "record" / "version_before" / "r1"
RUN_FILES = ("result.json", "plan.json", "resume.json", "events.jsonl")
BETWEEN = b"\n%%% the second one %%%\n"
VALUES = {"T": "7", "WALLARM_API_TOKEN": "t0k3n", "A": "a", "B": "", "CI": "12", "LEVEL": "off", "X": "$X"}
ACCEPT = """\
- fingerprint: 0f3a9c7b2d18e645
  reason: only the admin's page, behind the VPN
  expires: 2030-06-30
- { fingerprint: "12", reason: known, comment: ~, x-a: 1 }
"""
SHARED = "defaults: { attempts: 2, x-a: [1] }\ncloud: { query: off }\n"
INCLUDED = """\
include: [../defaults.yml]
workflows:
  team:
    matrix: { a: [x, 1], b: [2], include: [{ a: x, c: "${d}" }, { b: 3, a: z }], exclude: [{ a: 1 }] }
    build_id: team${CI}${a}${b}${c:-n}${host}
    compose: docker-compose.yml
    nodes:
      r: { mode: recording, allowed_hosts: [app], source: { run: x } }
      t: { mode: testing, test_run_uri: $host }
"""
INCLUDING = """\
include: [defaults.yml, { path: shop/team.yml, with: { host: app, c: d } }, docker-compose.yml, fuzzed.yml]
defaults: { attempts: 3 }
workflows:
  web:
    matrix: { a: [x, 1, "2.0"], exclude: [{ a: x }], include: [{ a: 1, b: c }, { d: "e" }] }
    build_id: "web${CI}${a:+z}${b-}"
    nodes: { r: { mode: recording, allowed_hosts: ["${a}"], source: { run: x }, depends_on: [team.r, "team-*.t"] } }
  api: { nodes: { t: { mode: testing, test_record: web.r, test_run_uri: "http://${a}" } } }
"""
TEMPLATES = [
    "web${CI}",
    "api${CI}",
    "a${A}b${B}",
    "${B}b${A}a",
    "${A:-x}",
    "${A-${B:+y}}",
    "$A$B",
    "${A:?m}1",
    "x$$",
    "${A}${A}",
]


@cache
def _directory() -> Path:
    """Where the inputs are: the files that they name are there, good ones and a broken one."""
    directory = Path(tempfile.mkdtemp(prefix="fastflow-fuzz-"))
    for name in ("docker-compose.yml", "shop/docker-compose.yml"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(COMPOSE, encoding="utf-8")
    (directory / "accept.yml").write_text(ACCEPT, encoding="utf-8")
    (directory / "defaults.yml").write_text(
        "defaults: { attempts: 2, x-a: [1] }\ncloud: { query: off }\n", encoding="utf-8"
    )
    (directory / "shop/team.yml").write_text(INCLUDED, encoding="utf-8")
    (directory / "latin-1.yml").write_bytes("services: { é: 1 }".encode("latin-1"))
    os.mkfifo(directory / "pipe")
    (directory / ".env").write_text("A=b\nB=${A}\n", encoding="utf-8")
    return directory


def _values(content: bytes) -> Mapping[str, str] | None:
    """None for half of the inputs: then variables are symbols."""
    return VALUES if zlib.crc32(content) & 1 else None


def _check_findings(found: Iterable[Diagnostic]) -> None:
    for finding in found:
        assert finding.message
        for mark in (finding.mark, *(related.mark for related in finding.related)):
            assert mark.line >= 1
            assert mark.column >= 1
            assert (mark.line, mark.column) <= (mark.end_line, mark.end_column), mark


def reader(content: bytes) -> None:
    """Bytes to Document, as a spec, as Compose documents, and as a list."""
    reading = read_spec("f.yml", content)
    assert (len(reading.documents) == 1) or reading.diagnostics
    _check_findings(reading.diagnostics)
    _check_findings(read_documents("f.yml", content).diagnostics)
    tree, found, _ = read_list("f.yml", content)
    assert tree is not None or found
    _check_findings(found)


def interpolation(content: bytes) -> None:
    """Variables of every scalar, by value, as symbols, and as Compose replaces them."""
    for document in read_documents("f.yml", content).documents:
        for values, lenient in ((None, False), ({}, False), (VALUES, False), (VALUES, True)):
            _check_findings(interpolate(document, values, lenient=lenient).diagnostics)


def templates(content: bytes) -> None:
    """Two templates on two lines: both ways round the same answer, and a witness is one."""
    parsed: list[Template] = []
    for line in content.decode("utf-8", "replace").split("\n")[:2]:
        try:
            parsed.append(parse_template(line))
        except TemplateError:
            return
        assert parse_template(written(parsed[-1])) == parsed[-1]
        assert all(variables(parsed[-1]))
    first, second = (*parsed, ())[:2]
    said = {
        apart: (compare(first, second, apart=apart), compare(second, first, apart=apart)) for apart in (False, True)
    }
    for apart, answers in said.items():
        kinds = {type(answer) for answer in answers}
        assert not kinds >= {Equal, Distinct}, answers
        for answer in answers:
            if isinstance(answer, Ambiguous) and answer.witness is not None and not apart:
                texts = texts_of(first, second, answer.witness)
                assert texts is not None
                assert texts[0] == texts[1], answer


def compose(content: bytes) -> None:
    """A Compose file, read offline."""
    directory = _directory()
    (directory / "fuzzed.yml").write_bytes(content)
    for values in (None, VALUES):
        reading = ComposeFiles(directory, values).read([FileSource("fuzzed.yml", Mark("f.yml", 1, 1, 1, 1))])
        _check_findings(reading.diagnostics)
        assert reading.application is not None or has_errors(reading.diagnostics)
        if reading.application is not None:
            without_fast(reading.application)


def accept(content: bytes) -> None:
    """An accept file: an entry has all that it needs."""
    read = read_accept_file("accept.yml", content)
    _check_findings(read.diagnostics)
    assert all(entry.fingerprint and entry.reason for entry in read.entries)


def matrix(content: bytes) -> None:
    """The matrices of a spec: each cell has a name of its own and all variables, or there is a finding."""
    document = read_spec("f.yml", content).document
    if document is None or not has_matrix(document):
        return
    expanded = expand(document)
    _check_findings(expanded.diagnostics)
    assert not expanded.at_fault or expanded.diagnostics or not all(map(NAME.fullmatch, expanded.at_fault))
    workflows = expanded.document.root.get("workflows")
    assert isinstance(workflows, YamlMap)
    names = [key.text.lower() for key, _ in workflows if key.text in expanded.cells]
    assert len(set(names)) == len(names) == len(expanded.cells)
    assert all(NAME.fullmatch(name) for name in expanded.cells)
    variables_of = {cell.matrix: cell.variables.keys() for cell in expanded.cells.values()}
    assert all(cell.variables.keys() == variables_of[cell.matrix] for cell in expanded.cells.values())


def include(content: bytes) -> None:
    """A spec with what it includes: one document without `include`, and a finding for all that is missing."""
    document = read_spec("f.yml", content).document
    if document is None:
        return
    joined = join(document, _directory(), len(content))
    _check_findings(with_includers(one, joined.inclusions) for one in joined.diagnostics)
    assert not joined.is_broken or joined.diagnostics
    assert joined.document.root.get("include") is None
    written, found = document.root.get("workflows"), joined.document.root.get("workflows")
    if isinstance(written, YamlMap):
        assert isinstance(found, YamlMap)
        assert [key.text for key, _ in found][: len(written.entries)] == [key.text for key, _ in written]


def runs(content: bytes) -> None:
    """Two runs' folders, which may come from anywhere: what can be read is compared, and shown in every format."""
    files = content.split(BETWEEN)
    archives = []
    for number, name in enumerate(("older", "newer")):
        folder = _directory() / name
        folder.mkdir(exist_ok=True)
        for file, saved in zip(RUN_FILES, files[number * len(RUN_FILES) :], strict=False):
            (folder / file).write_bytes(saved)
        try:
            archives.append(read_archive(folder))
        except UsageError:
            return
    comparison = compare_runs(*archives)
    assert len(as_markdown.render(comparison)) < 65_536
    as_text.render(comparison).encode()
    json.loads(as_json.render(comparison))


def _validated(contents: list[bytes]) -> None:
    texts = [SpecText(f"{at}.yml", _directory(), content) for at, content in enumerate(contents)]
    found = check(texts, _values(contents[0])).diagnostics
    _check_findings(found)
    sources = Sources({text.name: text.content.decode("utf-8", "replace") for text in texts})
    for form, render in FORMATS.items():
        shown = render(Findings(found, sources, len(texts), ROOT))
        shown.encode()  # as it goes to stdout
        if form in ("json", "sarif"):
            json.loads(shown)
        if form == "github":
            commands = [line for line in shown.splitlines() if line.startswith("::")]
            assert len(commands) == min(len(found), MOST), shown


def validate(content: bytes) -> None:
    """One spec through all checks, its findings in every format."""
    _validated([content])


def validate_two(content: bytes) -> None:
    """Two specs through all checks together."""
    first, _, second = content.partition(BETWEEN)
    _validated([first, second])


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "reader": reader,
    "interpolation": interpolation,
    "templates": templates,
    "compose": compose,
    "accept": accept,
    "matrix": matrix,
    "include": include,
    "runs": runs,
    "validate": validate,
    "validate-two": validate_two,
}


@cache
def seeds(target: str) -> list[bytes]:
    """The inputs that a target begins with: the corpus and the examples, as far as they are of its kind."""
    if target == "templates":
        return [f"{one}\n{other}".encode() for one in TEMPLATES for other in TEMPLATES]
    if target == "accept":
        return [ACCEPT.encode(), b"", b"[]", b"- {}"]
    if target == "runs":
        saved = [(RUN / file).read_bytes() for file in RUN_FILES]
        found = [text.replace(b"Found 2 vuln", b"Found 1 vuln").replace(b"r1", b"r2") for text in saved]
        return [BETWEEN.join(saved + saved), BETWEEN.join(saved + found), BETWEEN.join(found + saved)]
    files = [path for home in ("tests/corpus", "examples") for path in sorted((ROOT / home).rglob("*.yml"))]
    read = {path: path.read_bytes() for path in files}
    composed = [text for text in read.values() if b"workflows:" not in text and b"services:" in text]
    specs = [
        FULL.encode(),
        SMALL.encode(),
        INCLUDING.encode(),
        INCLUDED.encode(),
        *(text for text in read.values() if b"workflows:" in text),
    ]
    if target in ("matrix", "include"):
        return [text for text in (*specs, SHARED.encode()) if target.encode() in text]
    if target == "compose":
        return [COMPOSE.encode(), *composed]
    if target == "validate-two":
        return [one + BETWEEN + other for one, other in zip(specs, specs[1:] + specs[:1], strict=True)]
    return specs + composed if target in ("reader", "interpolation") else specs
