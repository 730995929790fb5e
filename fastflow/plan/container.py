"""A node's container in the plan: its ports and its variables."""

from collections.abc import Mapping

from fastflow.model.mode import BUILD_ID_VARIABLE, MODE_VARIABLE
from fastflow.model.node import Node, RecordingNode
from fastflow.model.node_parts import PROXY_PORT, RECORD_PATH, RECORD_VARIABLE
from fastflow.model.phases import Phase
from fastflow.model.ports import Port
from fastflow.model.relations import CommandSource
from fastflow.plan import INACTIVITY_TIMEOUT


def ports_of(node: Node) -> tuple[Port, ...]:
    """The node's ports; a recorder that must be reached from outside its network gets a free one."""
    if node.ports or not node.traits.is_proxy:
        return node.ports or ()
    reached_from_outside = not node.sources or any(isinstance(source, CommandSource) for source in node.sources)
    return (Port((PROXY_PORT, PROXY_PORT)),) if reached_from_outside else ()


def environment_of(phase: Phase) -> Mapping[str, str | None]:
    """The node's variables except those of the cloud: FAST's own first, then the user's."""
    node = phase.node
    values: dict[str, str | None] = {MODE_VARIABLE: node.mode} if node.traits.uses_cloud else {}
    if phase.build_id is not None and node.traits.uses_build_id:
        values[BUILD_ID_VARIABLE] = phase.build_id
    for name, field in node.variables().items():
        value = getattr(node, field)
        if value is not None:
            values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(node, RecordingNode) and node.sources and node.inactivity_timeout is None:
        longest = max(source.timeout or 0 for source in node.sources)
        values["INACTIVITY_TIMEOUT"] = str(max(INACTIVITY_TIMEOUT, longest))
    if node.traits.needs == "record" and not node.traits.uses_cloud:
        values[RECORD_VARIABLE] = RECORD_PATH
    values.update(node.environment or {})
    return values
