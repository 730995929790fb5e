"""Texts of others in Markdown: logs, requests, answers of the application, names.

They are in code spans and fenced blocks, whose content makes no link, no mention and no element, and which can be read
as plain text. What a code span cannot contain is in a `code` element, with every character that has a meaning in
Markdown or HTML as a numeric entity.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from fastflow.report.text import one_line, pictured

_ACTIVE = re.compile(r"[^A-Za-z0-9 ./=?,;%'\"()+#\u00a0-\U0010ffff-]|(?<=www)\.", re.IGNORECASE)
_LONGEST = 500
_UNSPANNED = re.compile(r"[`|\\\\]")
"""Characters that end a code span or a table cell; a backslash would escape the bar that ends the cell."""
_WIDEST = 60
"""Maximum width, in characters, to which cells are padded."""
_FENCE = re.compile(r"`{3,}")


def code(text: str | None, longest: int = _LONGEST) -> str:
    """Write a text as one line of code, cut after a number of characters; "" if there is none."""
    line = pictured(cut(one_line(text or ""), longest))
    return f"`{line}`" if line and not _UNSPANNED.search(line) else code_element(line)


def code_element(text: str | None, longest: int = _LONGEST) -> str:
    """Write it as an element, for places that read HTML but not Markdown."""
    line = one_line(text or "")
    return f"<code>{entities(cut(line, longest))}</code>" if line else ""


def fenced(text: str) -> str:
    """Write lines as a block of code, which nothing in it can end."""
    shown = pictured(text)
    fence = "`" * max((len(run) + 1 for run in _FENCE.findall(shown)), default=3)
    return f"{fence}text\n{shown}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table whose columns are aligned as plain text too, unless a cell is very wide."""
    every = [head, *rows]
    columns = zip(*every, strict=True)
    widths = [max(1, *(len(cell) for cell in column if len(cell) <= _WIDEST)) for column in columns]
    for at, cells in enumerate(every):
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"
        if at == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def cut(text: str, length: int) -> str:
    """Cut a text after a number of characters, and mark the cut."""
    return text if len(text) <= length else f"{text[:length]} …"


def entities(text: str) -> str:
    """Write a text so that nothing in it is active; its lines are kept."""
    return _ACTIVE.sub(lambda found: found[0] if found[0] == "\n" else f"&#{ord(found[0])};", pictured(text))
