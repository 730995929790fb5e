"""An application with a hole of each class."""

import json
import re

from tests.unit.emulator.applications import Asked, Told

ACCOUNT = "root:x:0:0:root:/root:/bin/sh"


def shop(asked: Asked) -> Told:
    """Holes: `q` of /search, `id` of /item, `file` of /manual. Safe: /safe, and /member for strangers."""
    value = next(iter(asked.values.values()), "")
    if asked.path.endswith("/search"):
        return Told(f"<p>{asked.value('q')}")
    if asked.path.endswith("/item"):
        return Told("<p>ok" if asked.value("id").count("'") % 2 == 0 else "ORA-01756: quoted string", status=200)
    if asked.path.endswith("/manual"):
        steps = re.fullmatch(r"(?:\.\./){3,}etc/passwd", asked.value("file"))
        return Told(ACCOUNT if steps else "no such manual", "text/plain")
    if asked.path.endswith("/member"):
        return Told(f"<p>{asked.value('q')}" if asked.cookies.get("session") == "s1" else "<p>log in")
    return Told(json.dumps({"value": value}), "application/json")
