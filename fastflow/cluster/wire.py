"""The messages of an agent in its unit's log, line by line.

A log of Docker Swarm may start over, stop for good, or contain other output. Every line is therefore numbered from 1
and marked, and the reader takes each number once, in order. A message is one JSON object; a long one takes several
lines, because engines split lines of 16 KiB (moby, daemon/logger/copier.go).

    ff 7 + {"type": "event", "event": {"ti
    ff 8 . me": …}}
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_MARK = "ff"
_LONGEST = 12_000
"""Maximum number of a message's characters in one line."""
_STRAY = 20
BEAT = 5.0
"""Seconds between two signs of life."""

Message = Mapping[str, Any]


class Writer:
    """Writes messages as lines; safe from any thread."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._number = 0

    def send(self, kind: str, **more: Any) -> None:
        """Write one message."""
        text = json.dumps({"type": kind, **more})  # ASCII without line breaks
        with self._lock:
            for at in range(0, len(text), _LONGEST):
                self._number += 1
                is_last = at + _LONGEST >= len(text)
                self._write(f"{_MARK} {self._number} {'.' if is_last else '+'} {text[at : at + _LONGEST]}\n")


@dataclass
class Reader:
    """Reads messages from lines, which may be repeated. `stray` are the last lines that did not come from an agent."""

    seen: int = 0
    has_gap: bool = False
    """Whether lines are missing, so that the log must be read again from its beginning."""
    stray: "deque[str]" = field(default_factory=lambda: deque(maxlen=_STRAY))
    _begun: str = ""

    def take(self, line: str) -> Iterator[Message]:
        """Return the message that a line completes, if any."""
        mark, _, rest = line.partition(" ")
        number, _, rest = rest.partition(" ")
        flag, _, text = rest.partition(" ")
        if mark != _MARK or not number.isdecimal() or flag not in ("+", "."):
            self.stray.append(line)
            return
        if int(number) != self.seen + 1:
            self.has_gap = self.has_gap or int(number) > self.seen
            return
        self.seen, self.has_gap = int(number), False
        self._begun += text
        if flag == ".":
            whole, self._begun = self._begun, ""
            yield json.loads(whole)
