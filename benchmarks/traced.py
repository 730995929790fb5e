"""Runs fastflow with every call to the engine timed: `python benchmarks/traced.py CALLS.jsonl up fastflow.yml`.

A call's time has in it that of waiting for its turn. Beside it, CALLS.slots tells when each turn began and ended.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Call:
    """A call to the engine: when it began and ended (seconds since the epoch), and what it was."""

    began: float
    ended: float
    what: str


def main() -> None:
    """Run fastflow with the rest of the command line."""
    from fastflow.cli.main import main as fastflow  # noqa: PLC0415  # its import belongs to what is measured
    from fastflow.engines.process import Caller, Command  # noqa: PLC0415

    calls = Path(sys.argv[1])
    real = Caller.call

    def call(self: Caller, command: Command, since: int | None = None) -> str:
        began = time.time()
        try:
            return real(self, command, since)
        finally:
            line = json.dumps([began, time.time(), command.shown])
            with calls.open("a", encoding="utf-8") as out:
                out.write(line + "\n")

    Caller.call = call  # type: ignore[method-assign]
    real_slot = Caller.slot

    @contextmanager
    def slot(self: Caller, **which: bool) -> Iterator[None]:
        with real_slot(self, **which):
            began = time.time()
            try:
                yield
            finally:
                with slots_beside(calls).open("a", encoding="utf-8") as out:
                    out.write(json.dumps([began, time.time(), "slot"]) + "\n")

    Caller.slot = slot  # type: ignore[method-assign]
    fastflow(sys.argv[2:])


def slots_beside(calls: Path) -> Path:
    """The file that tells of the turns."""
    return calls.with_suffix(".slots")


def read_calls(path: Path) -> list[Call]:
    """Read what a traced run wrote, in order."""
    return sorted(Call(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def own_time(began: float, ended: float, calls: list[Call]) -> float:
    """The seconds between two moments in which no call to the engine was under way."""
    own, reached = 0.0, began
    for call in calls:
        if call.ended <= reached or call.began >= ended:
            continue
        own += max(0.0, call.began - reached)
        reached = max(reached, call.ended)
    return own + max(0.0, ended - reached)


if __name__ == "__main__":
    main()
