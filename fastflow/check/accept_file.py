"""The files that gates accept vulnerabilities by: checked like a spec, each fault at its place in the file."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fastflow.check import accept_expired
from fastflow.check.facts import Facts, error, warning
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.errors import system_reason
from fastflow.model.accept import read_accept_file
from fastflow.model.node import Gate
from fastflow.spec.document import Document, Scalar, YamlMap
from fastflow.spec.files import read_limited

RULE = "invalid-value"


def with_accept_files(facts: Facts, directory: Path, shown: Path) -> tuple[Facts, list[Diagnostic]]:
    """Read every file of the spec once: return the facts with the files, where ignore comments stand, and all findings.

    `directory` is the spec's, `shown` the same as users know it. A file that is not there accepts nothing, so that
    `fastflow accept` can make it after the first run; a name with a variable is looked at when it has a value.
    """
    files: dict[str, Document] = {}
    found: list[Diagnostic] = []
    today = datetime.now(UTC).date()
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
            help_text = "mend the path; `fastflow accept` writes the file"
            found.append(warning(RULE, message, facts.places.value(*path), help_text))
            continue
        except OSError as fault:
            message = f"`accept`: {gate.accept} cannot be read: {system_reason(fault)}"
            found.append(error(RULE, message, facts.places.value(*path), "name a file that can be read"))
            continue
        if gate.accept not in files:
            name = str(shown / gate.accept)
            read = read_accept_file(name, content)
            files[gate.accept] = Document(name, "", YamlMap((), Mark(name, 1, 1, 1, 1)), read.comments)
            found += [*read.diagnostics, *accept_expired.check(read, today)]
    return replace(facts, accept_files=tuple(files.values())), found
