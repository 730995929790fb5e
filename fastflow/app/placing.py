"""Hosts that do not answer when a run starts: workflows that may run elsewhere skip them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fastflow.app.request import RunRequest
from fastflow.errors import EngineTimeoutError, EngineUnreachableError, FastflowError
from fastflow.run.at_once import at_once
from fastflow.run.engine import Engine


def placed(
    request: RunRequest, engines_of: Callable[[RunRequest], Mapping[str, Engine]], say: Callable[[str], None]
) -> RunRequest:
    """Return the request with its workflows on hosts that answer; `say` is called with those that are skipped.

    A request with a workflow that can only run on a silent host is unchanged: its run ends with that host's error.
    """
    found, silent = request, dict[str, FastflowError]()
    while True:
        new = _silent(engines_of(found))
        if not new:
            break
        silent |= new
        selection = replace(request.selection, silent=frozenset(silent))
        found = replace(request, selection=selection)
        if not silent.keys().isdisjoint(found.plan.used_hosts):
            return request
    for name, error in silent.items():
        say(f"host {name} is skipped: {error.message}")
    return found


def _silent(engines: Mapping[str, Engine]) -> dict[str, FastflowError]:
    """The errors of those that do not answer; other faults of an engine are reported when it is used."""
    found: dict[str, FastflowError] = {}

    def ask(name: str) -> None:
        try:
            engines[name].info()
        except (EngineUnreachableError, EngineTimeoutError) as error:
            found[name] = error
        except FastflowError:
            return

    at_once(ask, engines)
    return {name: found[name] for name in engines if name in found}
