"""A hook of mkdocs: links from pages to files outside of docs/ (examples, scripts) lead to the repository."""

import posixpath
import re
from typing import Any

_OUTWARD = re.compile(r"\]\((\.\./[^)\s]*)\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Rewrite the links of one page that leave docs/; the rest is mkdocs' own business."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def rewritten(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        inside = target.startswith("docs/")
        return link[0] if inside else f"]({config.extra['repository']}/{target})"

    return _OUTWARD.sub(rewritten, markdown)
