"""Texts of others in Markdown: logs, requests, answers of the application, names.

They are in `code` and `pre` elements, with every character that Markdown or HTML could take for its own as a numeric
entity: such a text makes no link, no mention and no element.
"""

import re

from fastflow.report.text import one_line, pictured

_ACTIVE = re.compile(r"[^A-Za-z0-9 ./=?,;%'\"()+#\u00a0-\U0010ffff-]|(?<=www)\.", re.IGNORECASE)
_LONGEST = 500


def code(text: str | None, longest: int = _LONGEST) -> str:
    """Write a text as one line of code, cut after so many characters; "" if there is none."""
    line = one_line(text or "")
    return f"<code>{entities(cut(line, longest))}</code>" if line else ""


def cut(text: str, length: int) -> str:
    """Cut a text after so many characters, and mark that."""
    return text if len(text) <= length else f"{text[:length]} …"


def entities(text: str) -> str:
    """Write a text so that nothing of it is active; its lines stay."""
    return _ACTIVE.sub(lambda found: found[0] if found[0] == "\n" else f"&#{ord(found[0])};", pictured(text))
