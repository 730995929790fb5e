"""The troubleshooting page has an entry for each message of the engine, of a node and of a phase.

An entry names messages as code: in its heading, and after `Also:`. `…` stands for what varies. An engine's message is
found by the pattern of its failure, so the page shows what people really see; a message of fastflow's own by its
beginning in the code.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow import errors
from fastflow.engines.failures import FAILURES, Failure
from fastflow.engines.messages import known

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
ENTRIES = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
RAISED = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.EngineError | errors.EmulatorError)
} | {"BuildIdInUseError", "NameInUseError", "PhaseFailedError"}
"""What makes an error of the world, or a phase's reason. Wrong usage says itself what to do."""


def messages_of(entry: str) -> list[str]:
    heading, _, rest = entry.partition("\n")
    also = re.search(r"^Also: (.*?)\n\n", rest, re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", f"{heading} {also[1] if also else ''}")]


MESSAGES = [message for entry in ENTRIES for message in messages_of(entry)]


def template(node: ast.expr) -> str | None:
    """A message as it is in the code, with `…` for what varies."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        return "".join(map(str, parts)).replace("`…`", "…")
    return None


def first_texts(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be; none where it is made elsewhere."""
    options = node.values if isinstance(node, ast.BoolOp) else (node,)
    yield from filter(None, map(template, options))


def is_stable(text: str) -> bool:
    """Whether a text has words of its own, and not only those of another message."""
    return len(re.findall(r"\w", text)) > 5


def raised() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "fastflow").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = RAISED | ({"failed"} if path.parent.name == "run" else set())  # elsewhere it takes a command
            is_one = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
            if is_one and isinstance(node, ast.Call) and node.args:
                for text in first_texts(node.args[0]):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text
            if path.name in ("messages.py", "advice.py") and isinstance(node, ast.Return) and node.value is not None:
                value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
                for text in first_texts(value):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


RAISES = tuple((place, text) for place, text in raised() if is_stable(text))


def covers(message: str, text: str) -> bool:
    """Whether an entry's message is the beginning of one in the code."""
    pattern = ".*".join(map(re.escape, message.replace("`", "").split("…")))
    return is_stable(message) and re.match(pattern, text) is not None


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.text[:40])
def test_every_failure_of_an_engine_has_an_entry(failure: Failure) -> None:
    assert [message for message in MESSAGES if known(message) is failure] != []


@pytest.mark.parametrize(("place", "text"), RAISES)
def test_every_message_of_fastflow_has_an_entry(place: str, text: str) -> None:
    assert [message for message in MESSAGES if covers(message, text)] != [], f"{place}: add an entry to {PAGE.name}"


def test_messages_are_found_in_the_code() -> None:
    assert len(RAISES) > 60
    assert not covers("could not be found", "`docker` was not found")


def test_every_entry_says_why_and_what_to_do() -> None:
    assert len(ENTRIES) >= 40
    lacking = [
        entry.partition("\n")[0]
        for entry in ENTRIES
        if not re.search(r"^\*\*Cause\*\*.*^\*\*Fix\*\*", entry, re.M | re.S)
    ]
    assert lacking == []
