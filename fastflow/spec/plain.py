"""YAML of another program as plain data: what Docker Compose prints."""

import json
import re
from typing import Any

from fastflow.spec.document import YamlList, YamlMap, YamlNode
from fastflow.spec.reader import read_documents

_OF_JSON = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")


def read_plain(content: str) -> Any:
    """Read one YAML document as JSON would give it: a text that is not quoted may be a number, a truth or null."""
    reading = read_documents("", content.encode())
    return _plain(reading.document.root) if reading.document else None


def _plain(node: YamlNode) -> Any:
    if isinstance(node, YamlMap):
        return {key.text: _plain(value) for key, value in node}
    if isinstance(node, YamlList):
        return [_plain(item) for item in node.items]
    if node.is_null:
        return None
    return json.loads(node.text) if node.plain and _OF_JSON.fullmatch(node.text) else node.text
