"""The sources of values: the environment, `--env-file`s, and the `.env` next to the spec. Nothing else reads them."""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from fastflow.ci import CI_ID, RUN_ID, ci_id
from fastflow.errors import UsageError
from fastflow.files import is_file, resolved
from fastflow.spec.values import EnvFileError, Values, read_env_file

RUNS_DIR = "FASTFLOW_RUNS_DIR"
"""The variable that sets where runs are kept."""
_COMPOSE_KEPT = "COMPOSE_PROFILES"
_DOCKERS = frozenset(("HOME", "PATH", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"))
_OF_THIS_MACHINE = (
    r"_|PATH|HOME|PWD|OLDPWD|SHLVL|SHELL|USER|LOGNAME|HOSTNAME|TERM|TMPDIR|MAIL|EDITOR|PAGER|LS_COLORS|LANG|DISPLAY"
    rf"|{RUNS_DIR}"
    r"|(DOCKER|XDG|SSH|LC|PYENV|PYTHON|VIRTUAL_ENV|CONDA|DBUS|GPG|NVM|SYSTEMD)(_.*)?|PYTEST.*"
)
"""Variables that say where programs and files are, who is logged in, and which engine is used."""
_RANDOM = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_run_id() -> str:
    """Make a run's id: letters and digits, in lower case as Compose requires, sorted by time, and unique."""
    import secrets  # noqa: PLC0415  # most of the commands make no run

    moment = datetime.now(UTC).strftime("%y%m%d%H%M%S")
    return moment + "".join(secrets.choice(_RANDOM) for _ in range(5))


def values_for(directory: Path, env_files: Iterable[str], run: str) -> Values:
    """The values of all variables: the environment overrides `--env-file`s, which override a `.env` next to the spec.

    FASTFLOW_CI_ID is made from the CI system's variables, unless it is set.
    """
    try:
        beside = directory / ".env"
        paths = [*([beside] if is_file(beside) else []), *map(Path, env_files)]
        files = [read_env_file(path) for path in paths]
        environment = {name: value for name, value in os.environ.items() if value or name != CI_ID}
        values = Values({**environment, RUN_ID: run}, files)
        identified = None if values.get(CI_ID) else ci_id(os.environ, str(resolved(directory)), run)
        return values.over({CI_ID: identified}) if identified else values
    except EnvFileError as error:
        raise UsageError(str(error), error.hint) from None


def own_variables(values: Mapping[str, str]) -> dict[str, str]:
    """The variables that fastflow itself sets; in an unknown CI system, one has no value."""
    return {name: values[name] for name in (RUN_ID, CI_ID) if name in values}


def absolute_files(env_files: Iterable[str]) -> tuple[str, ...]:
    """The `--env-file`s as passed to Compose."""
    return tuple(str(Path(name).absolute()) for name in env_files)


def engine_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for Docker and Compose: the caller's, without variables that would affect Compose."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_") or name == _COMPOSE_KEPT
    }
    return {**kept, **(more or {})}


def prepare_calls() -> None:
    """Start the process that calls Docker's command line: it loads its library while the spec is read and checked."""
    from fastflow.engines.workers import WORKERS  # noqa: PLC0415  # most of the commands call nothing

    WORKERS.start(engine_environment())


def kept_out() -> tuple[str, ...]:
    """The variables that Docker's own settings would put into every container."""
    from fastflow.engines.client_config import proxy_variables  # noqa: PLC0415  # a validation plans nothing

    return proxy_variables(engine_environment())


def docker_environment() -> dict[str, str]:
    """The variables that Docker's command line needs to work, without the caller's others."""
    return {name: value for name, value in os.environ.items() if name in _DOCKERS or name.startswith("DOCKER_")}


def source_environment(secret_names: Iterable[str], secret_values: Iterable[str]) -> dict[str, str]:
    """The environment for a source's command: the caller's, without the token under any name."""
    from fastflow.masking import holds_secret  # noqa: PLC0415  # a validation masks nothing

    names, values = frozenset(secret_names), [value for value in secret_values if value]
    return {name: value for name, value in os.environ.items() if name not in names and not holds_secret(value, values)}


def replace_environment(values: Mapping[str, str]) -> None:
    """Give this process these variables, and keep only those of its own that Docker's command line needs."""
    own = {name: os.environ[name] for name in os.environ.keys() & _DOCKERS}
    os.environ.clear()
    os.environ.update({**values, **own})


def portable_environment() -> dict[str, str]:
    """The caller's environment for another machine: without variables about this one, its session and its engine."""
    return {name: value for name, value in os.environ.items() if not re.fullmatch(_OF_THIS_MACHINE, name)}


def variable(name: str) -> str:
    """The value of one environment variable; nothing if it is not set."""
    return os.environ.get(name, "")


def everything() -> Mapping[str, str]:
    """The whole environment, for displays: the terminal, the CI system that keeps the log, NO_COLOR."""
    return os.environ
