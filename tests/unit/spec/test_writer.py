"""What is written reads back as the same tree."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.reader import read_spec
from fastflow.spec.writer import RESET, as_mapping, as_tree, dump, map_texts, merged, override, scalar_text


def shape(node: YamlNode | None) -> object:
    """All that Compose can see of a tree."""
    if isinstance(node, YamlList):
        return ("list", node.tag, [shape(item) for item in node.items])
    if isinstance(node, YamlMap):
        return ("mapping", node.tag, [(key.text, shape(value)) for key, value in node])
    assert isinstance(node, Scalar)
    return ("null",) if node.is_null else (node.text, node.plain, node.tag)


def again(tree: YamlMap) -> YamlMap:
    document = read_spec("f.yml", dump(tree).encode()).document
    assert document is not None
    return document.root


# But for NUL, which no text may hold (test_reader.py).
ANY = st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"], exclude_characters="\0")
TEXTS = st.text(ANY, max_size=12) | st.sampled_from(
    ["", "~", "null", "on", "007", "1e5", "12:30", "- a", "a: b", "#", "$V", "<<", "!", "%", "@", "\n", " a ",
     "'", '"', "\\", "é\u2028", "\ufeff", "\x85", "\x01"]
)  # fmt: skip
DATA = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def texts_of(node: YamlNode | None) -> object:
    """A tree as data: nothing but texts, lists, mappings and what is null."""
    if isinstance(node, YamlList):
        return [texts_of(item) for item in node.items]
    if isinstance(node, YamlMap):
        return {key.text: texts_of(value) for key, value in node}
    assert isinstance(node, Scalar)
    return None if node.is_null else node.text


@given(st.dictionaries(TEXTS, DATA, max_size=4))
def test_data_comes_back(data: dict[str, object]) -> None:
    tree = as_mapping(data)
    assert texts_of(again(tree)) == texts_of(tree)


def nulls_and_numbers_stay_plain(node: YamlNode) -> bool:
    return isinstance(node, Scalar) and node.plain


@given(st.dictionaries(TEXTS, st.integers() | st.booleans() | st.none(), max_size=4))
def test_numbers_booleans_and_null_are_not_quoted(data: dict[str, object]) -> None:
    assert all(nulls_and_numbers_stay_plain(value) for _, value in again(as_mapping(data)))


@pytest.mark.parametrize(
    "text",
    [
        "a: 007\nb: 1e5\nc: on\nd: 12:30\ne: ~\nf:\ng: null\nh: 0x1F\ni: 2024-01-01\nj: 1.10\nk: .inf\n",
        "a: '007'\nb: \"on\"\nc: ''\nd: '~'\n",
        "a: !reset null\nb: !override [x]\nc: !override { d: e }\nf: !reset {}\ng: !override {}\n",
        "a: |\n  line\n\n  more\nb: >-\n  folded\n  text\n",
        "a: !!str 1\nb: !!int 1\nc: !custom x\n",
        "a: &x { b: [c, { d: e }] }\nf: *x\ng: { <<: *x, h: i }\n",
        "a: []\nb: {}\n",
        "services: { app: { command: [sh, -c, 'echo $$HOME'], healthcheck: { test: [CMD, 'true'] } } }\n",
    ],
)
def test_a_document_of_the_user_comes_back_as_it_was(text: str) -> None:
    document = read_spec("f.yml", text.encode()).document
    assert document is not None
    first = again(document.root)
    assert texts_of(first) == texts_of(document.root)
    plain = {key.text: value for key, value in first}
    for key, value in document.root:
        other = plain[key.text]
        assert other.tag == value.tag or (value.tag or "").startswith("!!")
        if isinstance(value, Scalar) and isinstance(other, Scalar) and value.tag is None:
            assert other.plain == value.plain or not value.plain


def test_reset_and_override() -> None:
    text = dump(as_mapping({"a": RESET, "b": override(["x"]), "c": override({})}))
    assert text == "a: !reset null\nb: !override\n- x\nc: !override {}\n"


@given(st.dictionaries(st.sampled_from("abc"), DATA), st.dictionaries(st.sampled_from("abc"), DATA))
def test_merging_is_by_key_and_the_later_wins(base: dict[str, object], over: dict[str, object]) -> None:
    def expected(first: object, second: object) -> object:
        if isinstance(first, dict) and isinstance(second, dict):
            joined = {key: expected(first[key], second[key]) if key in second else first[key] for key in first}
            return joined | {key: value for key, value in second.items() if key not in first}
        return second

    assert texts_of(merged(as_mapping(base), as_mapping(over))) == texts_of(as_tree(expected(base, over)))


def test_texts_are_changed_and_keys_are_not() -> None:
    tree = map_texts(as_mapping({"a$": ["$", {"b": "x$"}]}), lambda text: text.replace("$", "$$"))
    assert texts_of(tree) == {"a$": ["$$", {"b": "x$$"}]}


@given(TEXTS)
@example("-")
def test_a_scalar_on_a_line_reads_back_as_the_text_that_it_is(text: str) -> None:
    within = scalar_text(text, in_flow=True)
    for line in (f"k: {scalar_text(text)}", f"k: [{within}, x]", f"k: {{ k: {within} }}"):
        assert "\n" not in line
        document = read_spec("f.yml", line.encode()).document
        assert document is not None
        value = document.root.get("k")
        value = value.items[0] if isinstance(value, YamlList) else value
        value = value.get("k") if isinstance(value, YamlMap) else value
        assert isinstance(value, Scalar)
        assert (value.text, value.is_null) == (text, False)


@pytest.mark.parametrize("text", ["007", "on", "1e5", "${V:-d}", "http://app:3000", "(a|b)", "Shop, nightly"])
def test_a_text_is_written_plain_where_that_is_clear(text: str) -> None:
    assert scalar_text(text) == text
