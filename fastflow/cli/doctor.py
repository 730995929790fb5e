"""`fastflow doctor`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastflow.app.environment import engine_environment, new_run_id, values_for
from fastflow.app.specs import find_spec, read_spec_text
from fastflow.cli.options import SPEC_HELP, env_file_option, spec_argument
from fastflow.cli.stages import checked, planned
from fastflow.doctor.checks import checks_of
from fastflow.doctor.examination import examine
from fastflow.emulation.image import image_name
from fastflow.engines.client_config import fault_of
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import ExitCode
from fastflow.model.spec import Host
from fastflow.pipeline import SpecText, check

if TYPE_CHECKING:
    from fastflow.plan import Plan

CALL_TIMEOUT = 10.0
_VARIABLE = re.compile(r"the variable (\w+) is not set")


@dataclass(frozen=True)
class _Needs:
    plan: "Plan | None"
    hosts: Mapping[str, Host]
    values: Mapping[str, str] = field(repr=False)
    unset: tuple[str, ...] = ()


@click.command(name="doctor", epilog=SPEC_HELP)
@spec_argument()
@click.option("--emulate", is_flag=True, help="As for `up --emulate`: leave out what needs the cloud.")
@env_file_option
def command(spec: str | None, *, emulate: bool, env_files: tuple[str, ...]) -> int:
    """Look at what a run needs: engines, Compose, images, ports, disk, the token's variable, the API server.

    Each line is ok or says what to do. Without a spec here, what any spec needs. Starts nothing. Exit code 0 when all
    is ok, 3 when something is not.
    """
    text = read_spec_text(spec) if spec is not None or find_spec() is not None else None
    needs = _of_spec(text, env_files, emulate) if text else _Needs(None, {}, values_for(Path(), env_files, "0"))
    engines = {name: _engine(needs.hosts.get(name)) for name in needs.hosts or ("",)}
    image = image_name() if emulate else None
    client = fault_of(engine_environment())
    checks = checks_of(needs.plan, engines, needs.values, unset=needs.unset, emulator_image=image, client=client)
    answers = examine(list(checks))
    for answer in answers:
        click.echo(f"{'ok    ' if answer.advice is None else 'not ok'}  {answer.subject}: {answer.found}")
        if answer.advice is not None:
            click.echo(f"        {answer.advice}")
    return ExitCode.FAILED if any(answer.advice for answer in answers) else ExitCode.PASSED


def _of_spec(text: SpecText, env_files: tuple[str, ...], emulate: bool) -> _Needs:
    """What a spec needs; raises InvalidSpecError where it has errors whatever the values of variables."""
    symbolic = checked(text, None, shows_warnings=False)
    run = new_run_id()
    values = values_for(text.directory, env_files, run)
    outcome = check([text], values, run if emulate else None)
    unset = [match[1] for found in outcome.diagnostics if (match := _VARIABLE.match(found.message))]
    facts = outcome.specs[0] if outcome.specs else symbolic
    tokens = {facts.spec.cloud_of(name).token_name for name in facts.spec.workflows}
    more = tuple(name for name in dict.fromkeys(unset) if name not in tokens)
    return _Needs(planned(text, facts), facts.spec.hosts or {}, values, more)


def _engine(host: Host | None) -> DockerEngine:
    return open_engine(engine_environment(), host, call_timeout=CALL_TIMEOUT)
