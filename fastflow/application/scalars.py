"""Scalars of Compose files as Docker Compose reads them."""

import re

from fastflow.spec.document import Scalar, YamlNode

_WHOLE = re.compile(r"(?P<sign>[-+]?)(?P<digits>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")


def text(node: YamlNode | None) -> str | None:
    """Give the text of a scalar, or None."""
    return node.text if isinstance(node, Scalar) and not node.is_null else None


def number_text(node: YamlNode | None) -> str | None:
    """Give the text of a scalar, a whole number that stands without quotes in decimal, as its YAML reader does.

    `0x50`, `0o120`, `0120`, `0b1010000` and `8_0` are 80; what a variable brought, or quotes hold, stays a text.
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
