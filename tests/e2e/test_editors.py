"""What editors make of the schema: completions, descriptions and problems, from the real yaml-language-server."""

from collections.abc import Iterator

import pytest

from fastflow.app.schema import schema_text
from fastflow.draft.fresh import FRESH
from fastflow.model.schema import ID, MODELINE

from .language_server import Editor, editor

pytestmark = pytest.mark.e2e
HEAD = "# yaml-language-server: $schema=fastflow.schema.json\n"
NODES = """\
workflows:
  web:
    nodes:
      record: { mode: recording, allowed_hosts: [app], source: { service: tests } }
      test:
        mode: testing
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    directory = tmp_path_factory.mktemp("editor")
    (directory / "fastflow.schema.json").write_text(schema_text(), encoding="utf-8")
    with editor(directory) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("workflows:\n  web:\n    publish: |\n", ["keep", "none"]),
        (NODES + "        gate: |\n", ["off"]),
        (NODES + "checks:\n  scope-open: |\n", ["error", "warning", "off"]),
        ("workflows:\n  web:\n    nodes:\n      record:\n        mode: |\n", ["recording", "testing", "report"]),
    ],
)
def test_the_words_that_a_field_may_have_are_offered(opened: Editor, text: str, offered: list[str]) -> None:
    assert opened.completions(HEAD + text) == offered


@pytest.mark.parametrize(
    ("text", "some"),
    [
        (NODES + "        |\n", {"test_run_uri", "gate", "depends_on"}),
        (NODES + "        gate:\n          |\n", {"threat", "accept"}),
        (NODES + "checks:\n  |\n", {"scope-open", "build-id-collision"}),
        (NODES + "|\n", {"include", "defaults", "concurrency"}),
    ],
)
def test_the_fields_of_a_mapping_are_offered(opened: Editor, text: str, some: set[str]) -> None:
    fields = {offer.partition(":")[0] for offer in opened.completions(HEAD + text)}
    assert fields >= some
    assert "allowed_hosts" not in fields  # of another mode


def test_a_field_is_described(opened: Editor) -> None:
    text = "workflows:\n  web:\n    pub|lish: none\n"
    assert "`none` drops `ports` and `container_name`" in opened.hover(HEAD + text)


def test_problems_are_at_their_places_and_speak_of_what_was_chosen(opened: Editor) -> None:
    text = NODES + "        gate: none\n        allowed_hosts: [app]\nchecks: { scope-opn: off }\n"
    problems = dict(opened.problems(HEAD + text.replace("web:\n", "web:\n    publish: all\n")))
    assert problems.keys() == {4, 9, 10, 11}
    assert problems[4] == 'Value is not accepted. Valid values: "keep", "none".'
    assert "allowed_hosts" in problems[10]
    assert "scope-opn" in problems[11]


def test_what_init_writes_has_no_problem(opened: Editor) -> None:
    assert FRESH.startswith(f"{MODELINE}\n")
    assert opened.problems(FRESH.replace(ID, "fastflow.schema.json")) == []
