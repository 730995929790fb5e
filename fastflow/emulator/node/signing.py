"""Keys that sign certificates: elliptic ones on P-256 (FIPS 186-4, ECDSA), and RSA ones that were given.

Good enough to stand between a test and its application; nothing here withstands who measures its time.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from .der import NULL, SEQUENCE, bits, element, elements, from_pem, integer, object_id, to_pem

_EC, _P256 = object_id("1.2.840.10045.2.1"), object_id("1.2.840.10045.3.1.7")
_RSA = object_id("1.2.840.113549.1.1.1")
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # what stands before the digest (RFC 8017, 9.2)
_Point = tuple[int, int]


class Key(Protocol):
    """What signs."""

    @property
    def algorithm(self) -> bytes:
        """The identifier of how it signs, in DER."""
        ...

    @property
    def public(self) -> bytes:
        """The public key as certificates have it, in DER."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Sign a text."""
        ...


@dataclass(frozen=True)
class EllipticKey:
    """A key on P-256."""

    secret: int = field(default_factory=lambda: secrets.randbelow(_N - 1) + 1)

    @property
    def algorithm(self) -> bytes:
        """ECDSA with SHA-256 (RFC 5758)."""
        return element(SEQUENCE, object_id("1.2.840.10045.4.3.2"))

    @cached_property
    def point(self) -> bytes:
        """The public key, uncompressed."""
        x, y = _times(self.secret)
        return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    @property
    def public(self) -> bytes:
        """The public key as certificates have it (RFC 5480)."""
        return element(SEQUENCE, element(SEQUENCE, _EC, _P256), bits(self.point))

    def sign(self, text: bytes) -> bytes:
        """Sign a text."""
        digest = int.from_bytes(hashlib.sha256(text).digest(), "big")
        once = secrets.randbelow(_N - 1) + 1
        r = _times(once)[0] % _N
        s = pow(once, -1, _N) * (digest + r * self.secret) % _N
        return element(SEQUENCE, integer(r), integer(s)) if r and s else self.sign(text)

    def pem(self) -> str:
        """The key as a file (RFC 5915)."""
        secret = element(0x04, self.secret.to_bytes(32, "big"))
        return to_pem(
            "EC PRIVATE KEY",
            element(SEQUENCE, integer(1), secret, element(0xA0, _P256), element(0xA1, bits(self.point))),
        )


@dataclass(frozen=True)
class RsaKey:
    """An RSA key."""

    modulus: int
    exponent: int
    secret: int

    @property
    def algorithm(self) -> bytes:
        """PKCS #1 v1.5 with SHA-256."""
        return element(SEQUENCE, object_id("1.2.840.113549.1.1.11"), element(NULL))

    @property
    def public(self) -> bytes:
        """The public key (RFC 3279)."""
        numbers = element(SEQUENCE, integer(self.modulus), integer(self.exponent))
        return element(SEQUENCE, element(SEQUENCE, _RSA, element(NULL)), bits(numbers))

    def sign(self, text: bytes) -> bytes:
        """Sign a text."""
        size = (self.modulus.bit_length() + 7) // 8
        told = _SHA256 + hashlib.sha256(text).digest()
        padded = b"\0\1" + b"\xff" * (size - len(told) - 3) + b"\0" + told
        return pow(int.from_bytes(padded, "big"), self.secret, self.modulus).to_bytes(size, "big")


def read_key(text: str) -> Key:
    """Read an RSA or P-256 key in PEM, whichever way it is wrapped; raises ValueError."""
    label, content = from_pem(text, "PRIVATE KEY")
    try:
        parts = elements(elements(content)[0].content)
        if label == "PRIVATE KEY":  # PKCS #8
            kind = elements(parts[1].content)
            label = "RSA PRIVATE KEY" if kind[0].whole == _RSA else "EC PRIVATE KEY"
            curve = b"".join(part.whole for part in kind[1:])
            parts = elements(elements(parts[2].content)[0].content)
        else:
            curve = next((part.content for part in parts if part.tag == 0xA0), b"")
        if label == "RSA PRIVATE KEY":
            return RsaKey(*(int.from_bytes(part.content, "big") for part in (parts[1], parts[2], parts[3])))
        if label == "EC PRIVATE KEY" and curve == _P256:
            return EllipticKey(int.from_bytes(parts[1].content, "big"))
    except IndexError:
        raise ValueError("the key is cut short") from None
    raise ValueError("only RSA and P-256 keys without a password can be used")


def _times(number: int) -> _Point:
    """The base point so many times; the number is between 0 and the order."""
    total: _Point | None = None
    power = _G
    while number:
        if number & 1:
            total = power if total is None else _sum(total, power)
        power = _sum(power, power)
        number >>= 1
    assert total is not None
    return total


def _sum(one: _Point, other: _Point) -> _Point:
    (x, y), (u, v) = one, other
    slope = (3 * x * x - 3) * pow(2 * y, -1, _P) if one == other else (v - y) * pow(u - x, -1, _P)
    sum_x = (slope * slope - x - u) % _P
    return sum_x, (slope * (x - sum_x) - y) % _P
