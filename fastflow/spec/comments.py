"""Finds the comments of a YAML file that speak to fastflow."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from fastflow.diagnostic import Mark
from fastflow.spec.document import Comment

# YAML 1.1 breaks lines at these, and so do the line numbers of its parser.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_DIRECTIVE = re.compile(r"(?:^|(?<=\s))#(\s*fastflow:.*)$")


def find_comments(file: str, text: str, opaque: Sequence[Mark]) -> tuple[Comment, ...]:
    """Return the comments that begin with `fastflow:`.

    `opaque` are the places of quoted, block and multi-line scalars, in the order of the file: a `#` in them is text.
    """
    if "fastflow:" not in text:
        return ()
    found = []
    starts = [(scalar.line, scalar.column) for scalar in opaque]
    for number, line in enumerate(LINE_BREAK.split(text), start=1):
        match = _DIRECTIVE.search(line)
        if match is None:
            continue
        column = match.start() + 1
        mark = Mark(file, number, column, number, len(line) + 1)
        before = bisect_right(starts, (number, column)) - 1
        if before < 0 or (opaque[before].end_line, opaque[before].end_column) <= (number, column):
            found.append(Comment(match.group(1).strip(), mark, not line[: match.start()].strip()))
    return tuple(found)
