"""ASN.1 DER, as much of it as certificates and their keys need (ITU-T X.690); the image has no library for it."""

import base64
import re
from typing import NamedTuple

INTEGER, BIT_STRING, OCTETS, NULL, OID, UTF8, UTC_TIME = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x17
SEQUENCE, SET = 0x30, 0x31


class Element(NamedTuple):
    """A tag, its content, and both with the length as they stand in the text."""

    tag: int
    content: bytes
    whole: bytes


def element(tag: int, *parts: bytes) -> bytes:
    """Write an element; numbers of classes and constructed ones are part of the tag."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    """Write a number that is not negative."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def object_id(dotted: str) -> bytes:
    """Write the identifier of an object."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray((40 * first + second,))
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        content += bytes(reversed(groups))
    return element(OID, bytes(content))


def bits(content: bytes) -> bytes:
    """Write a string of whole bytes as one of bits."""
    return element(BIT_STRING, b"\0", content)


def elements(text: bytes) -> list[Element]:
    """Read the elements that stand side by side; raises ValueError."""
    found = []
    while text:
        if len(text) < 2:
            raise ValueError("it ends too early")
        start, size = 2, text[1]
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(text[2:start], "big")
        if len(text) < start + size:
            raise ValueError("it ends too early")
        found.append(Element(text[0], text[start : start + size], text[: start + size]))
        text = text[start + size :]
    return found


def to_pem(label: str, content: bytes) -> str:
    """Write a PEM block (RFC 7468)."""
    text = base64.b64encode(content).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def from_pem(text: str, label: str) -> tuple[str, bytes]:
    """Give the first block whose label ends in `label`, with its whole label; raises ValueError."""
    found = re.search(rf"-----BEGIN ((?:[A-Z0-9]+ )*{label})-----(.+?)-----END \1-----", text, re.DOTALL)
    if found is None:
        raise ValueError(f"it holds no {label} in PEM")
    return found[1], base64.b64decode("".join(found[2].split()), validate=True)
