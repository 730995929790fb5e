"""Whether a page runs a script's call: what a browser would see in it, not what its text contains."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

from .javascript import calls

_RAW = frozenset(("script", "style", "textarea", "title", "noscript", "xmp", "iframe", "noembed", "noframes"))
_SCRIPT_TYPES = re.compile(r"(?:|module|(?:text|application)/(?:x-)?(?:javascript|ecmascript|jscript)[\d.]*)")
_NAVIGATES = frozenset(
    (
        ("a", "href"),
        ("a", "xlink:href"),
        ("area", "href"),
        ("form", "action"),
        ("button", "formaction"),
        ("input", "formaction"),
        ("iframe", "src"),
        ("frame", "src"),
        ("embed", "src"),
        ("object", "data"),
    )
)
_DEEPEST = 3  # documents within documents


def runs(text: str, name: str, depth: int = 0) -> bool:
    """Tell whether a browser that shows the page runs `name()`, by itself or when its reader acts."""
    if name.lower() not in text.lower() or depth > _DEEPEST:
        return False
    page = _Page(name, depth)
    page.feed(text)
    page.close()
    return page.is_live


class _Page(HTMLParser):
    def __init__(self, name: str, depth: int) -> None:
        super().__init__(convert_charrefs=True)
        self.is_live = False
        self._name = name
        self._depth = depth
        self._code: list[str] | None = None
        self._templates = 0  # what is in a template is no part of the page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge the attributes; the first of one name counts."""
        known: dict[str, str] = {}
        for name, value in attrs:
            known.setdefault(name, value or "")
        if tag == "template":
            self._templates += 1
        elif not self._templates:
            self.is_live |= any(self._is_run(tag, name, value) for name, value in known.items())
            if tag == "script" and _SCRIPT_TYPES.fullmatch(known.get("type", "").strip().lower()):
                self._code = []
        if tag in _RAW:
            self.set_cdata_mode(tag)

    def handle_data(self, data: str) -> None:
        """Gather a script's code."""
        if self._code is not None:
            self._code.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Judge a script that is whole: one without an end never runs."""
        if tag == "template" and self._templates:
            self._templates -= 1
        if tag == "script" and self._code is not None:
            self.is_live |= calls("".join(self._code), self._name)
            self._code = None

    def _is_run(self, tag: str, attribute: str, value: str) -> bool:
        if attribute.startswith("on") and attribute[2:].isalpha():
            return calls(value, self._name)
        url = re.sub(r"[\t\n\r]", "", value).strip("".join(map(chr, range(33))))
        if (tag, attribute) in _NAVIGATES and url.lower().startswith("javascript:"):
            return calls(unquote(url[len("javascript:") :]), self._name)
        if (tag, attribute) == ("iframe", "srcdoc"):
            return runs(value, self._name, self._depth + 1)
        return (tag, attribute) == ("script", "src") and self._is_own(url)

    def _is_own(self, url: str) -> bool:
        """Tell whether a script comes from a place of the attacker's choice."""
        place = re.match(r"(?:https?:)?[\\/]{2}([^\\/?#:]+)", url, re.IGNORECASE)
        if place:
            return place[1].lower().split(".")[0] == self._name.lower()
        return url.lower().startswith("data:") and calls(url.partition(",")[2], self._name)
