"""Runs fastflow with every call to the engine timed: `python benchmarks/traced.py CALLS.jsonl up fastflow.yml`.

CALLS.jsonl has the commands; a command's time has in it that of waiting for its turn. Beside it, CALLS.slots tells when
each turn began and ended, and CALLS.socket what was asked over the engine's socket.
"""

import functools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class Call:
    """A call to the engine: when it began and ended (seconds since the epoch), and what it was."""

    began: float
    ended: float
    what: str


def main() -> None:
    """Run fastflow with the rest of the command line."""
    from fastflow.cli.main import main as fastflow  # noqa: PLC0415  # its import belongs to what is measured
    from fastflow.engines.api import EngineApi  # noqa: PLC0415
    from fastflow.engines.calls import Calls  # noqa: PLC0415

    calls = Path(sys.argv[1])
    _trace(Calls, "make", calls)
    _trace(EngineApi, "_read", socket_beside(calls))
    real_slot = Calls.slot

    @contextmanager
    def slot(self: Calls, **which: Any) -> Iterator[None]:
        with real_slot(self, **which), _timed(slots_beside(calls), "slot"):
            yield

    setattr(Calls, "slot", slot)  # noqa: B010  # a type checker takes the assignment of a method for a mistake
    fastflow(sys.argv[2:])


def _trace(owner: type, method: str, path: Path) -> None:
    """Let a method write down each of its calls; the first argument says what it `shown`."""
    real: Callable[..., Any] = getattr(owner, method)

    @functools.wraps(real)
    def traced(self: Any, asked: Any, *arguments: Any, **named: Any) -> Any:
        with _timed(path, asked.shown):
            return real(self, asked, *arguments, **named)

    setattr(owner, method, traced)


@contextmanager
def _timed(path: Path, what: str) -> Iterator[None]:
    began = time.time()
    try:
        yield
    finally:
        with path.open("a", encoding="utf-8") as out:
            out.write(json.dumps([began, time.time(), what]) + "\n")


def slots_beside(calls: Path) -> Path:
    """The file that tells of the turns."""
    return calls.with_suffix(".slots")


def socket_beside(calls: Path) -> Path:
    """The file that tells of what was asked over the socket."""
    return calls.with_suffix(".socket")


def read_calls(*paths: Path) -> list[Call]:
    """Read what a traced run wrote, in order."""
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    return sorted(Call(*json.loads(line)) for line in lines)


def own_time(began: float, ended: float, calls: Iterable[Call]) -> float:
    """The seconds between two moments in which no call to the engine was under way; `calls` are in order."""
    own, reached = 0.0, began
    for call in calls:
        if call.ended <= reached or call.began >= ended:
            continue
        own += max(0.0, call.began - reached)
        reached = max(reached, call.ended)
    return own + max(0.0, ended - reached)


if __name__ == "__main__":
    main()
