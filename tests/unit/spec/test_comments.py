"""Comments to fastflow are found where YAML has comments, and nowhere else."""

import pytest

from fastflow.spec.reader import read_spec


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: b # fastflow: ignore[x] y\n", [("fastflow: ignore[x] y", 1, 6, False)]),
        ("# fastflow: one\na: b\n  # fastflow: two\n", [("fastflow: one", 1, 1, True), ("fastflow: two", 3, 3, True)]),
        ("a: b #fastflow: x\n", [("fastflow: x", 1, 6, False)]),
        ("a: 'b' # fastflow: x\n", [("fastflow: x", 1, 8, False)]),
        ("a: [b] # fastflow: x\r\nb: c\r\n", [("fastflow: x", 1, 8, False)]),
        ("a: b\n# an ordinary comment, fastflow: x\n", []),
        ("a: b#fastflow:x\n", []),
        ("a: 'b # fastflow: x'\n", []),
        ('a: "b\n  # fastflow: x"\n', []),
        ("a: |\n  b # fastflow: x\n  # fastflow: y\n", []),
        ("a: >-\n  b # fastflow: x\nc: d # fastflow: z\n", [("fastflow: z", 3, 6, False)]),
        ("a: |  # fastflow: x\n  b\n", [("fastflow: x", 1, 7, False)]),
        ("a: 'x' # fastflow: 1\nb: 'y' # fastflow: 2\n", [("fastflow: 1", 1, 8, False), ("fastflow: 2", 2, 8, False)]),
        ("a: b\u2028c: d\n# fastflow: x\n", [("fastflow: x", 3, 1, True)]),
    ],
)
def test_comments(text: str, found: list[tuple[str, int, int, bool]]) -> None:
    document = read_spec("f.yml", text.encode()).document
    assert document is not None
    assert [(c.text, c.mark.line, c.mark.column, c.alone) for c in document.comments] == found
