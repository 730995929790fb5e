"""Merged Compose trees as services with their ports, networks and volumes.

Scalars are read as Docker Compose reads them; Compose judges values of a wrong shape.
"""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Values

from fastflow.application.env_files import read_env_files
from fastflow.application.merge import entries
from fastflow.application.model import (
    DEFAULT_NETWORK,
    NAMED_BY_PROJECT,
    Application,
    Attachment,
    Network,
    Service,
    ServicePort,
    Subnet,
    Volume,
)
from fastflow.diagnostic import Mark
from fastflow.model.ports import Port, make_port, parse_port
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode

_WHOLE = re.compile(r"(?P<sign>[-+]?)(?P<digits>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")


def text(node: YamlNode | None) -> str | None:
    """Return the text of a scalar, or None."""
    return node.text if isinstance(node, Scalar) and not node.is_null else None


def number_text(node: YamlNode | None) -> str | None:
    """Return the text of a scalar; an unquoted whole number becomes decimal, as in Compose's YAML reader.

    `0x50`, `0o120`, `0120`, `0b1010000` and `8_0` are 80; values of variables and in quotes stay texts.
    """
    written = text(node)
    if written is None or not isinstance(node, Scalar) or not node.plain or node.tag is not None:
        return written
    match = _WHOLE.fullmatch(written.replace("_", ""))
    if match is None:
        return written
    digits = match["digits"]
    is_old_octal = digits.startswith("0") and digits.isdecimal() and digits != "0"
    value = int(digits, 8) if is_old_octal else int(digits, 0)
    return f"{'-' if match['sign'] == '-' and value else ''}{value}"


_DRIVE = re.compile(r"[A-Za-z]:[/\\]")  # Windows paths: Compose reads `v:/v` as one path
_VOLUME_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def interpret(root: YamlMap, unread: tuple[str, ...], values: Values[str, str] | None = None) -> Application:
    """Read a merged Compose tree; with `values`, a variable named without a value has the caller's."""
    services = {
        key.text: _service(key, value, values)
        for key, value in entries(root.get("services"))
        if not (isinstance(value, Scalar) and value.tag == "!reset")
    }
    networks = {key.text: _network(key.text, value) for key, value in entries(root.get("networks"))}
    volumes = {key.text: _volume(key, value) for key, value in entries(root.get("volumes"))}
    if any(DEFAULT_NETWORK in service.networks for service in services.values()) or not services:
        networks.setdefault(DEFAULT_NETWORK, Network(DEFAULT_NETWORK))
    profiles = [name.strip() for name in (values or {}).get("COMPOSE_PROFILES", "").split(",")]
    return Application(services, networks, volumes, unread, profiles=frozenset(filter(None, profiles)))


def _get(node: YamlNode | None, key: str) -> YamlNode | None:
    return node.get(key) if isinstance(node, YamlMap) else None


def _is_true(node: YamlNode | None) -> bool:
    return isinstance(node, Scalar) and node.text.lower() in ("true", "yes", "on")


def _is_false(node: YamlNode | None) -> bool:
    return isinstance(node, Scalar) and node.text.lower() in ("false", "no", "off", "n")


def _texts(node: YamlNode | None) -> tuple[str, ...]:
    if isinstance(node, YamlList):
        return tuple(item.text for item in node.items if isinstance(item, Scalar))
    return (node.text,) if isinstance(node, Scalar) and not node.is_null else ()


def _environment(node: YamlNode, values: Values[str, str] | None) -> dict[str, str | None]:
    own = {name.text: text(value) for name, value in entries(_get(node, "environment"), "environment")}
    known = {name: (values or {}).get(name) if value is None else value for name, value in own.items()}
    return {**read_env_files(node, known, values), **known}


def _service(key: Scalar, node: YamlNode, values: Values[str, str] | None) -> Service:
    mode = text(_get(node, "network_mode"))
    dependencies = entries(_get(node, "depends_on"), "depends_on")
    return Service(
        name=key.text,
        mark=key.mark,
        image=text(_get(node, "image")),
        has_build=_get(node, "build") is not None,
        environment=_environment(node, values),
        ports=tuple(read_ports(_get(node, "ports"))),
        container_name=text(name := _get(node, "container_name")),
        container_name_mark=name.mark if name else None,
        hostname=text(_get(node, "hostname")),
        networks={} if mode else _networks(_get(node, "networks"), key.mark),
        network_mode=mode,
        depends_on={other.text: text(_get(how, "condition")) or "service_started" for other, how in dependencies},
        optional=frozenset(other.text for other, how in dependencies if _is_false(_get(how, "required"))),
        lists_dependencies=isinstance(_get(node, "depends_on"), YamlList),
        links=_texts(_get(node, "links")),
        volumes_from=_texts(_get(node, "volumes_from")),
        joined=dict(_joined(node)),
        has_healthcheck=_has_healthcheck(_get(node, "healthcheck")),
        profiles=_texts(_get(node, "profiles")),
        extra_hosts=tuple(name.text for name, _ in entries(_get(node, "extra_hosts"), "extra_hosts")),
        volumes=dict(_volumes(_get(node, "volumes"))),
        restart=text(_get(node, "restart")),
        has_containers=_has_containers(node),
        exposes=tuple(read_ports(_get(node, "expose"))),
        command=(*_texts(_get(node, "entrypoint")), *_texts(_get(node, "command"))),
    )


def _has_containers(node: YamlNode) -> bool:
    scale = _get(node, "scale") or _get(_get(node, "deploy"), "replicas")
    return (number_text(scale) or "1").strip("0") != ""


def _joined(node: YamlNode) -> Iterator[tuple[str, str]]:
    for key in ("network_mode", "ipc", "pid"):
        kind, _, name = (text(_get(node, key)) or "").partition(":")
        if kind == "service":
            yield key, name


def _has_healthcheck(node: YamlNode | None) -> bool:
    if not isinstance(node, YamlMap) or _is_true(node.get("disable")):
        return False
    return _texts(node.get("test"))[:1] != ("NONE",) and node.get("test") is not None


def _networks(node: YamlNode | None, mark: Mark) -> dict[str, Attachment]:
    found = {
        name.text: Attachment(_texts(_get(value, "aliases")), name.mark) for name, value in entries(node, "networks")
    }
    return found or {DEFAULT_NETWORK: Attachment((), mark)}


def _volumes(node: YamlNode | None) -> Iterator[tuple[str, Mark]]:
    for item in node.items if isinstance(node, YamlList) else ():
        source = text(_get(item, "source")) if isinstance(item, YamlMap) else None
        if isinstance(item, YamlMap) and text(item.get("type")) not in (None, "volume"):
            continue
        if isinstance(item, Scalar) and ":" in item.text:
            source = None if _DRIVE.match(item.text) else item.text.partition(":")[0]
        if source and _VOLUME_NAME.fullmatch(source):
            yield source, item.mark


def _network(key: str, node: YamlNode) -> Network:
    name, is_external = _name_on_engine(key, node)
    configs = _get(_get(node, "ipam"), "config")
    subnets = (_get(item, "subnet") for item in (configs.items if isinstance(configs, YamlList) else ()))
    fixed = tuple(Subnet(one.text, one.mark) for one in subnets if isinstance(one, Scalar) and one.text)
    return Network(key, _is_true(_get(node, "internal")), is_external, name, () if is_external else fixed)


def _volume(key: Scalar, node: YamlNode) -> Volume:
    name, is_external = _name_on_engine(key.text, node)
    return Volume(key.text, key.mark, is_external, name)


def _name_on_engine(key: str, node: YamlNode) -> tuple[str | None, bool]:
    """The name that a network or volume has in every project, and whether it must exist already."""
    external = _get(node, "external")
    name = text(_get(node, "name")) or text(_get(external, "name"))
    if _is_true(external) or isinstance(external, YamlMap):
        return name or key, True
    return (None if name and NAMED_BY_PROJECT.search(name) else name), False


def read_ports(node: YamlNode | None) -> Iterator[ServicePort]:
    """Read a service's `ports`; an entry that is not a port to Compose keeps its text."""
    for item in node.items if isinstance(node, YamlList) else ():
        try:
            port = _port(item)
        except ValueError:
            written = " ".join(_words(item))
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


def _words(node: YamlNode) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield node.text
    elif isinstance(node, YamlMap):
        for _, value in node:
            yield from _words(value)
