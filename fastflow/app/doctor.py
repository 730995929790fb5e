"""`fastflow doctor`: checks the prerequisites of a run."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from fastflow.app.environment import engine_environment, kept_out, new_run_id, values_for
from fastflow.doctor.checks import checks_of
from fastflow.doctor.examination import Answer, examine
from fastflow.emulation.image import image_name
from fastflow.engines.client_config import fault_of
from fastflow.engines.opening import open_engine
from fastflow.model.host import Host
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan.making import Selection

_CALL_TIMEOUT = 10.0
_VARIABLE = re.compile(r"the variable (\w+) is not set")


def look_at(text: SpecText | None, env_files: Iterable[str], *, emulate: bool) -> tuple[Answer, ...]:
    """Check the prerequisites of a run of a spec, or of any run without a spec; with the emulator, none of the cloud.

    Raises InvalidSpecError if the spec has errors for any values of variables.
    """
    run = new_run_id()
    made, unset = None, list[str]()
    hosts: Mapping[str, Host] = {}
    values = values_for(text.directory if text else Path(), env_files, run)
    if text is not None:
        symbolic = check([text], None).require_valid()
        outcome = check([text], values, run if emulate else None)
        facts = (outcome.specs or symbolic.specs)[0]
        made = plan(facts, text.directory, Selection(), kept_out=kept_out())
        hosts = facts.spec.hosts or {}
        named = [match[1] for found in outcome.diagnostics if (match := _VARIABLE.match(found.message))]
        unset = [name for name in dict.fromkeys(named) if name not in facts.spec.token_names]
    environment = engine_environment()
    engines = {name: open_engine(environment, hosts.get(name), call_timeout=_CALL_TIMEOUT) for name in hosts or ("",)}
    checks = checks_of(
        made,
        engines,
        values,
        unset=tuple(unset),
        emulator_image=image_name() if emulate else None,
        client=fault_of(environment),
    )
    return examine(list(checks))
