"""Explains an empty record from the Compose files, and a `test_run_uri` that does not answer from its service's log."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from fastflow.errors import EngineError
from fastflow.model.node import TesterNode
from fastflow.model.target import Target, target_of
from fastflow.run.context import PhaseContext
from fastflow.run.node_log import NodeLog
from fastflow.run.service_wait import service_containers
from fastflow.run.verdict import Verdict

_NO_ANSWER = re.compile(
    r"cannot be reached|unreachable|refused|no answer|(failed|could not|unable) to connect|connect.* timed out",
    re.IGNORECASE,
)
_LISTENS = re.compile(r"\b(listen\w*|serving|running|started|bound|ready|available)\b(?P<where>.*)", re.IGNORECASE)
_PORT = re.compile(r"(?:\bport\(?s?\)?[ :=]+|(?:[A-Za-z][\w.-]*|\d(?:\.\d+){3}|[\]*]|\s):)(?P<port>\d{2,5})\b")
_URL = re.compile(r"https?://[^\s'\"<>]+")
_LOOPBACK = re.compile(r"localhost|127\.0\.0\.1|\[::1\]")


def with_bypass(context: PhaseContext, verdict: Verdict) -> Verdict:
    """Add to the verdict on an empty record the reason why requests bypass the recording node."""
    if not (verdict.reason or "").startswith("empty record"):
        return verdict
    kept_out = ", ".join(context.workflow.plan.kept_out)
    proxies = (
        f"`proxies` of Docker's config.json is not the cause, because {kept_out} were kept out" if kept_out else None
    )
    hints = [hint for hint in (context.phase.bypass or verdict.hint, proxies) if hint]
    return replace(verdict, hint="; ".join(hints) or None)


def with_advice(context: PhaseContext, log: NodeLog, verdict: Verdict) -> Verdict:
    """Add a hint to the verdict on a testing phase whose node could not reach the application."""
    error = next((error for error in log.errors if _NO_ANSWER.search(error)), None)
    target = _target(context, error) if error is not None else None
    if verdict.state != "failed" or verdict.hint or target is None:
        return verdict
    application = context.workflow.plan.application
    names = [service.name for service in application.answering(target.host)]
    lines: list[str] = []
    with suppress(EngineError):
        for container in service_containers(context, names):
            context.engine.api.read_logs(container.id, lines.append)
    hint = advice_on_target(target, names[0] if names else target.host, map(context.run.folder.mask, lines))
    return replace(verdict, hint=hint)


def _target(context: PhaseContext, error: str) -> Target | None:
    """The target of the attack: the one given to the node, else the one that the error names."""
    node, url = context.phase.node, _URL.search(error)
    named = target_of(node.test_run_uri) if isinstance(node, TesterNode) else None
    return named or (target_of(url.group()) if url else None)


def advice_on_target(target: Target, service: str, lines: Iterable[str]) -> str:
    """Say what to change so that a target answers. `lines` are the log of its service."""
    for line in lines:
        said = _LISTENS.search(line)
        ports = [int(found["port"]) for found in _PORT.finditer(said["where"])] if said else []
        if said is None or not ports:
            continue
        if target.port not in ports:
            return f"set the port in test_run_uri to {ports[0]}: the log of {service} says `{line.strip()}`"
        if _LOOPBACK.search(said["where"]):
            return f"make {service} listen on all addresses (0.0.0.0): its log says `{line.strip()}`"
    return f"check that {service} answers on port {target.port}"
