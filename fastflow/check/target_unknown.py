"""target-unknown: a host to record or attack that is none of the phase's."""

import re
from collections.abc import Iterator

from fastflow.application.needs import host_of
from fastflow.check.facts import Facts, warning
from fastflow.diagnostic import Diagnostic
from fastflow.model.places import Place
from fastflow.model.suggest import did_you_mean

RULE = "target-unknown"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at `test_run_uri` and at the plain names in `allowed_hosts`."""
    for phase, tester in facts.testers:
        if tester.test_run_uri is not None and "$" not in tester.test_run_uri:
            host = host_of(tester.test_run_uri)
            yield from _one(facts, phase.workflow, host, facts.places.value(*phase.path, "test_run_uri"))
    for phase, recorder in facts.recorders:
        written = recorder.allowed_hosts or ""
        for name in written.strip("()").split("|"):
            if "$" not in name and (_NAME.fullmatch(name) or _LOOPBACK.fullmatch(name)):
                place = facts.places.entry(name, *phase.path, "allowed_hosts")
                yield from _one(facts, phase.workflow, name, place)


def _one(facts: Facts, workflow: str, host: str | None, place: Place) -> Iterator[Diagnostic]:
    if host is None:
        return
    if _LOOPBACK.fullmatch(host):
        hint = "name the service as the node sees it, such as http://app:3000"
        yield warning(RULE, f"`{host}` is the node's own container, not the application", place, hint)
        return
    application = facts.applications.get(workflow)
    if "." in host or application is None or not application.is_complete or not application.services:
        return
    known = application.names_of(application.services)
    if host not in {name.lower() for name in known} and not any("$" in name for name in known):
        message = f"`{host}` is no service, alias, container name or extra host of workflow {workflow}"
        yield warning(RULE, message, place, did_you_mean(host, known))
