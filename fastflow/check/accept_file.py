"""The files that gates accept vulnerabilities by: checked like a spec, each fault at its place in the file."""

from dataclasses import replace
from pathlib import Path

from fastflow.check.facts import Facts
from fastflow.check.rules.invalid_value import RULE
from fastflow.diagnostic import Diagnostic, Severity
from fastflow.errors import system_reason
from fastflow.model.accept import AcceptFile, read_accept_file
from fastflow.model.node import Gate
from fastflow.spec.document import Scalar
from fastflow.spec.reader import read_limited


def with_accept_files(facts: Facts, directory: Path, shown: Path) -> tuple[Facts, list[Diagnostic]]:
    """Read every file of the spec once: return the facts with the files, and what is wrong with them.

    `directory` is the spec's, `shown` the same as users know it. A file that is not there accepts nothing, so that
    `fastflow accept` can make it after the first run; a name with a variable is looked at when it has a value.
    """
    files: dict[str, AcceptFile] = {}
    found: list[Diagnostic] = []
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
            hint = "mend the path; `fastflow accept` writes the file"
            found.append(RULE.finding(message, facts.places.value(*path), hint, severity=Severity.WARNING))
            continue
        except OSError as fault:
            message = f"`accept`: {gate.accept} cannot be read: {system_reason(fault)}"
            found.append(RULE.finding(message, facts.places.value(*path), "name a file that can be read"))
            continue
        name = str(shown / gate.accept)
        if name not in files:
            files[name] = read_accept_file(name, content)
            found += files[name].diagnostics
    return replace(facts, accept_files=files), found
