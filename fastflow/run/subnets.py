"""Subnets that nothing uses."""

import zlib
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

RANGES = tuple(IPv4Network(text) for text in ("10.208.0.0/12", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"))
"""Where subnets are looked for, in turn: private ones (RFC 1918), and the one of benchmarks (RFC 2544)."""
_SMALLEST = 6
"""Bits: 64 addresses, of which 61 are for containers."""


def free_subnets(taken: Iterable[str], places: int, seed: str) -> Iterator[IPv4Network]:
    """Yield subnets with room for twice `places` containers that overlap with none that is `taken` (CIDR).

    Where the search begins depends on `seed`, so that two runs at once seldom choose the same.
    """
    bits = max(_SMALLEST, (2 * places + 2).bit_length())
    others = [IPv4Network(text, strict=False) for text in taken if ":" not in text]
    for area in RANGES:
        within = [network for network in others if network.overlaps(area)]
        if any(area.subnet_of(network) for network in within):
            continue
        count = area.num_addresses >> bits
        first = zlib.crc32(seed.encode())
        for number in range(count):
            begin = int(area.network_address) + ((first + number) % count << bits)
            candidate = IPv4Network((begin, area.max_prefixlen - bits))
            if not any(candidate.overlaps(network) for network in within):
                within.append(candidate)
                yield candidate
