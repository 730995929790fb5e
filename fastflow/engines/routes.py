"""The routes of this machine, so that no network of a run takes addresses that are in use."""

import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

_TABLE = Path("/proc/net/route")
_DESTINATION, _MASK = 1, 7


def routed(table: Path = _TABLE) -> tuple[str, ...]:
    """Return the subnets (IPv4, CIDR) that this machine has routes to, except the default route; none if not on Linux.

    Columns of the table: interface, destination, gateway, flags, refcnt, use, metric, mask, mtu, ...; addresses are
    hexadecimal, in the machine's byte order (Linux, net/ipv4/fib_trie.c, fib_route_seq_show).
    """
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return ()
    found = [IPv4Network(f"{_address(row[_DESTINATION])}/{_address(row[_MASK])}") for row in rows if len(row) > _MASK]
    return tuple(str(network) for network in found if network.prefixlen)


def _address(digits: str) -> IPv4Address:
    return IPv4Address(int(digits, 16).to_bytes(4, sys.byteorder))
