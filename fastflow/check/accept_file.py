"""The files that gates accept vulnerabilities by: checked like a spec, each fault at its place in the file."""

from collections.abc import Iterator
from pathlib import Path

from fastflow.check.facts import Facts, error, warning
from fastflow.diagnostic import Diagnostic
from fastflow.errors import system_reason
from fastflow.model.accept import read_accept_file
from fastflow.model.node import Gate
from fastflow.spec.document import Scalar
from fastflow.spec.files import read_limited

RULE = "invalid-value"


def check(facts: Facts, directory: Path, shown: Path) -> Iterator[Diagnostic]:
    """Read every file of the spec once.

    `directory` is the spec's, `shown` the same as users know it. A file that is not there accepts nothing, so that
    `fastflow accept` can make it after the first run; a name with a variable is looked at when it has a value.
    """
    seen: set[str] = set()
    for phase, node in facts.testers:
        gate = node.gate
        path = (*phase.path, "gate", "accept")
        written = facts.places.node(*path)
        if not isinstance(gate, Gate) or gate.accept is None or not isinstance(written, Scalar) or written.symbolic:
            continue
        try:
            content = read_limited(directory / gate.accept)
        except FileNotFoundError:
            message = f"`accept`: there is no {gate.accept}, so nothing is accepted"
            yield warning(RULE, message, facts.places.value(*path), "mend the path; `fastflow accept` writes the file")
            continue
        except OSError as fault:
            message = f"`accept`: {gate.accept} cannot be read: {system_reason(fault)}"
            yield error(RULE, message, facts.places.value(*path), "name a file that can be read")
            continue
        if gate.accept not in seen:
            seen.add(gate.accept)
            yield from read_accept_file(str(shown / gate.accept), content).diagnostics
