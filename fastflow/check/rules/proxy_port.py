"""proxy-port: a recording node's ports must publish its proxy, container port 8080."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.node_parts import PROXY_PORT

RULE = Rule("proxy-port", "error", "a recording node whose ports leave out its proxy")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at the recording nodes that declare ports."""
    for phase, node in facts.recorders:
        if not node.ports or any(
            port.symbolic is not None
            or (port.protocol == "tcp" and port.container[0] <= PROXY_PORT <= port.container[1])
            for port in node.ports
        ):
            continue
        message = f"the ports of {phase.id} leave out {PROXY_PORT}, the port of its proxy"
        hint = f'write "8080:{PROXY_PORT}", or "{PROXY_PORT}" for any free host port'
        yield RULE.finding(message, facts.places.value(*phase.path, "ports"), hint)
