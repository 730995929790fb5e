"""How a pipeline file is made: the arguments of `fastflow ci`, which the file itself stores."""

import shlex
from dataclasses import dataclass, replace

from fastflow import __version__
from fastflow.errors import UsageError
from fastflow.jobs.systems import NAMES

INSTALL = f"fastflow-ci=={__version__}"
"""The default of what jobs install: this version."""
JOBS = ("workflow", "one")
_FLAGS = {"--jobs": "jobs", "--install": "install", "--runner": "runner"}


@dataclass(frozen=True, slots=True)
class CiOptions:
    """The system and the options for its file. `spec` is a path from the repository's root; None is the spec there."""

    system: str
    spec: str | None = None
    jobs: str = JOBS[0]
    install: str | None = None
    runner: str | None = None

    @property
    def arguments(self) -> str:
        """The options as stored in the file: those that differ from the defaults."""
        words = [self.system, *([self.spec] if self.spec else [])]
        words += ["--jobs", self.jobs] if self.jobs != JOBS[0] else []
        words += ["--install", self.install] if self.install else []
        words += ["--runner", self.runner] if self.runner else []
        return shlex.join(words)


def read_options(arguments: str, where: str) -> CiOptions:
    """Read the options stored in a file; raises UsageError, which names the place `where`."""
    try:
        words = shlex.split(arguments)
    except ValueError:
        words = []
    if not words or words[0] not in NAMES:
        hint = f"write `>>> fastflow ci SYSTEM`, with one of {', '.join(NAMES)}"
        raise UsageError(f"{where}: this region does not name a CI system", hint)
    options, rest = CiOptions(words[0]), words[1:]
    while rest:
        word = rest.pop(0)
        if word in _FLAGS and rest:
            options = replace(options, **{_FLAGS[word]: rest.pop(0)})
        elif not word.startswith("-") and options.spec is None:
            options = replace(options, spec=word)
        else:
            raise UsageError(
                f"{where}: `{word}` is not an argument of fastflow ci", "make the region again: fastflow ci"
            )
    if options.jobs not in JOBS:
        raise UsageError(f"{where}: there is no `--jobs {options.jobs}`", f"write {' or '.join(JOBS)}")
    return options
