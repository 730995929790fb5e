"""The ports that services publish, in every form that Docker Compose takes."""

from collections.abc import Iterator

from fastflow.application.model import ServicePort
from fastflow.application.scalars import number_text, text
from fastflow.model.ports import Port, make_port, parse_port
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode


def read_ports(node: YamlNode | None) -> Iterator[ServicePort]:
    """Read a service's `ports`; an entry that is no port of Compose's keeps its text."""
    for item in node.items if isinstance(node, YamlList) else ():
        try:
            port = _port(item)
        except ValueError:
            written = " ".join(_texts(item))
            is_open = "$" in written
            unread = None if is_open else written
            yield ServicePort(None, (0, 0), None, "tcp", item.mark, has_variable=is_open, unread=unread)
        else:
            yield ServicePort(port.host, port.container, port.address, port.protocol, item.mark)


def _port(item: YamlNode) -> Port:
    if not isinstance(item, YamlMap):
        return parse_port(number_text(item) or "")
    target, published = number_text(item.get("target")), number_text(item.get("published"))
    return make_port(target or "", published or "", text(item.get("host_ip")) or "", text(item.get("protocol")) or "")


def _texts(node: YamlNode) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield node.text
    elif isinstance(node, YamlMap):
        for _, value in node:
            yield from _texts(value)
