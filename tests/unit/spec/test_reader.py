"""Every value with its text and its place; every hostile file a finding, and soon."""

import resource
import time

import pytest

from fastflow.diagnostic import Mark
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode, YamlPath
from fastflow.spec.events import MAX_BYTES
from fastflow.spec.reader import read_documents, read_spec

SECONDS = 20.0  # of the processor; no measure but a guard against hangs: what it takes is in benchmarks/README.md
MEGABYTES = 300


def read(text: str) -> Document:
    reading = read_spec("f.yml", text.encode())
    assert not reading.diagnostics
    assert reading.document is not None
    return reading.document


def plain(node: YamlNode | None) -> object:
    """A tree as texts, lists and dicts; what is null as None."""
    if isinstance(node, YamlList):
        return [plain(item) for item in node.items]
    if isinstance(node, YamlMap):
        return {key.text: plain(value) for key, value in node}
    assert isinstance(node, Scalar)
    return None if node.is_null else node.text


@pytest.mark.parametrize(
    "written",
    ["007", "1e5", "on", "off", "yes", "12:30", "1_000", "0x1F", "0o17", "1.10", "2024-01-01", "True", ".inf"],
)
@pytest.mark.parametrize("style", ["{}", "'{}'", '"{}"', "!!str {}"])
def test_a_scalar_is_the_text_as_written(written: str, style: str) -> None:
    assert plain(read(f"a: {style.format(written)}\n").root) == {"a": written}


@pytest.mark.parametrize("written", ["~", "null", "Null", "NULL", "", "  # nothing"])
def test_null_means_not_set(written: str) -> None:
    assert plain(read(f"a: {written}\nb: [x]\n").root) == {"a": None, "b": ["x"]}


@pytest.mark.parametrize("written", ["'~'", '"null"', "''", "!!str null", "nULL", "|\n  null", "nil"])
def test_what_is_quoted_or_otherwise_written_is_not_null(written: str) -> None:
    assert plain(read(f"a: {written}\n").root) != {"a": None}


TEXT = """\
name: shöp  # a comment
list:
  - 'one two'
  - { k: v, "q": 12:30 }
block: |
  line
  more
größe: [x,  yy]
"""


@pytest.mark.parametrize(
    ("path", "line", "column", "end"),
    [
        (("name",), 1, 7, (1, 11)),
        (("list",), 3, 3, None),
        (("list", 0), 3, 5, (3, 14)),
        (("list", 1), 4, 5, (4, 25)),
        (("list", 1, "k"), 4, 10, (4, 11)),
        (("list", 1, "q"), 4, 18, (4, 23)),
        (("block",), 5, 8, None),
        (("größe",), 8, 8, (8, 16)),
        (("größe", 1), 8, 13, (8, 15)),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_every_value_has_its_place(
    path: YamlPath, line: int, column: int, end: tuple[int, int] | None, line_break: str
) -> None:
    node = read(TEXT.replace("\n", line_break)).locate(path)
    assert node is not None
    assert (node.mark.line, node.mark.column) == (line, column)
    assert end is None or (node.mark.end_line, node.mark.end_column) == end


def test_every_key_has_its_place() -> None:
    document = read(TEXT)
    keys = {str(path[-1]): document.key(path) for path in [("name",), ("list", 1, "q"), ("größe",)]}
    assert {name: (key.mark.line, key.mark.column) for name, key in keys.items() if key} == {
        "name": (1, 1), "q": (4, 13), "größe": (8, 1)
    }  # fmt: skip
    assert document.key(("list", 0)) is None
    assert document.locate(("list", 7)) is None
    assert document.locate(("name", "x")) is None


def test_an_alias_stands_where_it_is_used_and_knows_where_it_comes_from() -> None:
    document = read("a: &x { k: [v] }\nb: *x\nc: { <<: *x, own: 1 }\n")
    for path, place, origin in [
        (("b",), (2, 4), (1, 4)),
        (("b", "k", 0), (2, 4), (1, 13)),
        (("c", "k"), (3, 10), (1, 12)),
    ]:
        node = document.locate(path)
        assert node is not None
        assert node.origin is not None
        assert ((node.mark.line, node.mark.column), (node.origin.line, node.origin.column)) == (place, origin)
    key = document.key(("c", "k"))
    assert key is not None
    assert (key.mark.line, key.mark.column) == (3, 10)


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("<<: *a\nk: own", {"k": "own", "l": "a"}),
        ("k: own\n<<: *a", {"k": "own", "l": "a"}),
        ("<<: [*a, *b]", {"k": "a", "l": "a", "m": "b"}),
        ("<<: [*b, *a]", {"k": "b", "m": "b", "l": "a"}),
        ("<<: { k: inline }", {"k": "inline"}),
        ("'<<': text", {"<<": "text"}),
    ],
)
def test_merge_keys(text: str, merged: dict[str, str]) -> None:
    indented = text.replace("\n", "\n  ")
    root = read(f"a: &a {{ k: a, l: a }}\nb: &b {{ k: b, m: b }}\nc:\n  {indented}\n").root
    assert plain(root.get("c")) == merged


def test_anchors_are_per_document_and_the_last_of_a_name_counts() -> None:
    assert plain(read("a: &x 1\nb: &x 2\nc: *x\n").root) == {"a": "1", "b": "2", "c": "2"}
    two = read_documents("f.yml", b"a: &x 1\n---\nb: *x\n")
    assert [(found.rule, found.mark.line) for found in two.diagnostics] == [("yaml-syntax", 3)]


@pytest.mark.parametrize(
    ("text", "place", "first"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), (1, 1)),
        ("a: { b: 1, 'b': 2 }\n", (1, 12), (1, 6)),
        ("x: &x {}\na:\n  <<: *x\n  <<: *x\n", (4, 3), (3, 3)),
    ],
)
def test_a_key_twice_names_both_places(text: str, place: tuple[int, int], first: tuple[int, int]) -> None:
    (found,) = read_spec("f.yml", text.encode()).diagnostics
    assert found.rule == "duplicate-key"
    assert (found.mark.line, found.mark.column) == place
    assert [(other.mark.line, other.mark.column) for other in found.related] == [first]


# Level 101; or level 1,001, where a libyaml (from 0.2.6 on) looks ahead and stops before any event.
FLOW = {(1, 103), (1, 1003)}
FAULTS: dict[str, tuple[bytes, str, tuple[int, int] | set[tuple[int, int]]]] = {
    "empty": (b"", "empty", (1, 1)),
    "only a comment": (b"# nothing\n", "empty", (1, 1)),
    "a list": (b"- a\n", "a list, not a mapping", (1, 1)),
    "a single value": (b"hello", "a single value, not a mapping", (1, 1)),
    "two documents": (b"a: 1\n---\nb: 2\n", "more than one", (3, 1)),
    "nul": (b"a: 1\nb: \0", "U+0000", (2, 4)),
    "nul as an escape": (b'a: [x, "y\\0"]', "U+0000", (1, 8)),
    "nul in a key": (b'? "\\x00"\n: b', "U+0000", (1, 3)),
    "nul after other letters": ("größe: \0".encode(), "U+0000", (1, 8)),
    "escape character": (b"a: \x1b[0m", "U+001B", (1, 4)),
    "utf-16": ("a: b".encode("utf-16"), "not UTF-8", (1, 1)),
    "latin-1": (b"a: b\n\xc3\xa4: \xff", "not UTF-8", (2, 4)),
    "latin-1 behind a byte order mark": (b"\xef\xbb\xbfa\xff", "not UTF-8: invalid start byte (byte 5)", (1, 2)),
    "cut off behind a byte order mark": (b"\xef\xbb\xbf\xc3", "not UTF-8", (1, 1)),
    "lone surrogate": (b'a: "\\ud800"', "escape", (1, 7)),
    "tab": (b"a:\n\tb: c\n", "token", (2, 1)),
    "recursive list": (b"a: &a [*a]", "contains itself", (1, 8)),
    "recursive mapping": (b"a: &a { b: *a }", "contains itself", (1, 12)),
    "no such anchor": (b"a: *b", "no anchor &b", (1, 4)),
    "merge of a text": (b"a: { <<: x }", "merges a mapping", (1, 10)),
    "merge of a list of texts": (b"a: { <<: [x] }", "merges mappings only", (1, 11)),
    "key is a list": (b"? [a]\n: b\n", "a key must be a string", (1, 3)),
    "open quote": (b'a: "b\n', "the quote that begins here is never closed", (1, 4)),
    "100,000 open brackets": (b"a: " + b"[" * 100_000, "100 levels", FLOW),
    "5 MB of open brackets": (b"a: " + b"[" * 4_999_000, "100 levels", FLOW),
    "100,000 brackets": (b"a: " + b"[" * 100_000 + b"]" * 100_000, "100 levels", FLOW),
    "100,000 open braces": (b"a: " + b"{" * 100_000, "100 levels", FLOW),
    "100,000 dashes": (b"- " * 100_000, "100 levels", (1, 201)),
    "100,000 question marks": (b"? " * 100_000, "100 levels", (1, 201)),
    "deep block": (b"\n".join(b" " * depth + b"a:" for depth in range(2000)), "100 levels", (101, 101)),
    "deep by aliases": (
        b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (at, at, at - 1) for at in range(1, 900)),
        "100 levels",
        (100, 12),
    ),
    "alias bomb": (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (at, at, b",".join([b"*%c" % (at - 1)] * 10)) for at in range(98, 107)),
        "500,000 values, aliases counted",
        (6, 17),
    ),
    "merge bomb": (
        b"a: &a {" + b",".join(b"k%d: v" % at for at in range(1000)) + b"}\n" + b"b: { <<: *a }\n" * 1000,
        "500,000 values, aliases counted",
        (250, 10),
    ),
    "large alias": (
        b"a: &a [" + b",".join([b"x"] * 260_000) + b"]\nb: *a\n", "500,000 values, aliases counted", (2, 4)
    ),
    "too many values": (b"a: [" + b"x," * 499_998 + b"x]\n", "500,000 values", (1, 999_999)),
    "too many bytes": (b"a: " + b"x" * (MAX_BYTES - 2), "more than 5,000,000 bytes", (1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_read_is_one_finding_and_soon(name: str) -> None:
    content, message, place = FAULTS[name]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # of all tests that this process has run
    began = time.process_time()
    reading = read_spec("f.yml", content)
    took = time.process_time() - began
    fault = reading.diagnostics[-1]
    assert reading.document is None
    assert {found.rule for found in reading.diagnostics} <= {"yaml-syntax", "duplicate-key"}
    assert message in fault.message
    assert fault.mark.file == "f.yml"
    assert (fault.mark.line, fault.mark.column) in (place if isinstance(place, set) else {place})
    assert took < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < MEGABYTES * 1024


def test_the_limits_themselves_are_allowed() -> None:
    deep = b"a: " + b"[" * 99 + b"]" * 99
    chain = b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (at, at, at - 1) for at in range(1, 99))
    large = b"a: 1" + b" " * (MAX_BYTES - 4)
    for content in (deep, chain, large):
        assert read_spec("f.yml", content).diagnostics == ()


def test_a_large_file_of_quoted_texts_with_ignore_comments_is_read_soon() -> None:
    content = b"".join(b"k%d: 'x' # fastflow: ignore[a] b\n" % at for at in range(20_000))
    began = time.process_time()
    document = read_spec("f.yml", content).document
    assert time.process_time() - began < SECONDS
    assert document is not None
    assert len(document.comments) == 20_000


@pytest.mark.parametrize(
    "text",
    ["a: { b: ${C} }", "a: [${C}]", "a: { b: $C, c: ${D:-x} }", "a: { b: x${C}y }", "a: {\n  b: ${C},\n  c: d }"],
)
def test_a_variable_in_a_flow_mapping_wants_quotes(text: str) -> None:
    (found,) = read_spec("f.yml", text.encode()).diagnostics
    assert found.hint is not None
    assert "put quotes" in found.hint


def test_tabs_are_named() -> None:
    (found,) = read_spec("f.yml", b"a:\n\tb: c\n").diagnostics
    assert found.hint is not None
    assert "tabs" in found.hint


def test_a_byte_order_mark_moves_nothing() -> None:
    document = read_spec("f.yml", b"\xef\xbb\xbfa: b\n").document
    assert document is not None
    assert document.root.key("a") == Scalar("a", Mark("f.yml", 1, 1, 1, 2))


def test_a_compose_file_may_hold_several_documents() -> None:
    reading = read_documents("c.yml", b"a: 1\n---\n# nothing\n---\nb: !reset null\n")
    assert [plain(document.root) for document in reading.documents] == [{"a": "1"}, {"b": "null"}]
    value = reading.documents[1].root.get("b")
    assert value is not None
    assert value.tag == "!reset"
