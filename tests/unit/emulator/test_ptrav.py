"""Path traversal: files of the system are found, pages that speak of them are not."""

import html
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.unit.emulator.applications import Application, Asked, Told, found_in, get, post_json

Reply = Callable[[Path, str], str]
PASSWD = "root:x:0:0:root:/root:/bin/sh\n"
WIN_INI = "; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n"
FILES = ("lamp.txt", "images/lamp.png", "de.json")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return tmp_path / "files"


def application(reply: Reply, directory: Path) -> Application:
    def answer(asked: Asked) -> Told:
        try:
            return Told(reply(directory, asked.value("file")), "text/plain")
        except (OSError, ValueError) as error:
            return Told(f"{type(error).__name__}: {error}", "text/plain", 404)

    return answer


def read(directory: Path, name: str) -> str:
    return Path(f"{directory}/{name}").read_text()


def joined(directory: Path, name: str) -> str:
    return Path(os.path.join(directory, name)).read_text()  # noqa: PTH118  # the classic mistake


def of_images(directory: Path, name: str) -> str:
    return read(directory, name) if name.startswith("images/") else "no image"


def c_string(directory: Path, name: str) -> str:
    """A language whose strings end at NUL, with an extension that is added."""
    return read(directory, f"{name}.png".partition("\0")[0])


def c_string_checked(directory: Path, name: str) -> str:
    return read(directory, name.partition("\0")[0]) if name.endswith(".png") else "no image"


def windows(_: Path, name: str) -> str:
    """A file system of Windows in memory: `..` at the top stays at the top."""
    parts: list[str] = []
    for part in re.split(r"[\\/]", name if re.match("[cC]:", name) else f"C:\\site\\files\\{name}"):
        if part == "..":
            parts = parts[: max(1, len(parts) - 1)]
        elif part not in ("", "."):
            parts.append(part.lower())
    if parts == ["c:", "windows", "win.ini"]:
        return WIN_INI
    raise FileNotFoundError(name)


HOLES: dict[str, tuple[Reply, str]] = {
    "path put together": (read, "lamp.txt"),
    "path joined": (joined, "lamp.txt"),
    "absolute path alone": (lambda d, f: joined(d, f.replace("..", "")), "lamp.txt"),
    "two steps up at most": (
        lambda d, f: read(Path("/usr/share"), f) if f.count("..") == 2 else read(d, "lamp.txt"),
        "lamp.txt",
    ),
    "steps taken out once": (lambda d, f: read(d, f.replace("../", "")), "lamp.txt"),
    "leading slash and dots taken out": (lambda d, f: read(d, f.lstrip("./")), "images/lamp.png"),
    "raw steps forbidden, decoded again": (lambda d, f: "" if "../" in f else read(d, unquote(f)), "lamp.txt"),
    "decoded three times": (lambda d, f: "" if "../" in unquote(f) else read(d, unquote(unquote(f))), "lamp.txt"),
    "backslashes made slashes": (lambda d, f: "" if "/" in f else read(d, f.replace("\\", "/")), "lamp.txt"),
    "a directory that it must begin with": (of_images, "images/lamp.png"),
    "an extension that is added": (c_string, "lamp"),
    "an extension that it must end with": (c_string_checked, "images/lamp.png"),
    "shown in a page": (lambda d, f: f"<pre>{html.escape(read(d, f))}</pre>", "lamp.txt"),
    "shown in JSON": (lambda d, f: json.dumps({"text": read(d, f)}), "lamp.txt"),
    "nothing recorded": (joined, ""),
    "Windows": (windows, "lamp.txt"),
    "Windows, slashes forbidden": (lambda d, f: "" if "/" in f else windows(d, f), "lamp.txt"),
}


def allowed(directory: Path, name: str) -> str:
    return read(directory, name) if name in FILES else "no such file"


def resolved(directory: Path, name: str) -> str:
    path = (directory / name.replace("\0", "")).resolve()
    return path.read_text() if path.is_relative_to(directory) else f"{path} is forbidden"


def about_passwd(_: Path, text: str) -> str:
    return f"about passwd: {PASSWD}" if "passwd" in text else "about nothing"


DECOYS: dict[str, Reply] = {
    "names that are allowed": allowed,
    "path that is checked": resolved,
    "name without its directory": lambda d, f: read(d, os.path.basename(f)),  # noqa: PTH119  # what is tried
    "message with the path": lambda _, f: f"open({f!r}): no such file; /etc/passwd and C:\\windows\\win.ini neither",
    "lines of such files on every page": lambda _, f: f"{PASSWD}{WIN_INI} you asked for {f}",
    "lines of such files where nothing is found": lambda d, f: read(d, f) if f in FILES else PASSWD + WIN_INI,
    "lines of such files where they are asked for": about_passwd,
    "lines of such files where their path is asked for": lambda _, f: PASSWD if "etc/passwd" in f else "nothing",
    "lines of such files against attacks": lambda _, f: PASSWD if re.search(r"\.\.|^/|:", f) else "fine",
    "echo": lambda _, f: f,
    "root without a file": lambda _, f: f"root: {f}, uid 0:0",
}


@pytest.mark.parametrize("name", HOLES)
def test_a_file_of_the_system_is_found(name: str, directory: Path) -> None:
    reply, recorded = HOLES[name]
    assert found_in(application(reply, directory), get(f"/get?file={recorded}&size=3")) == {("ptrav", "file")}


@pytest.mark.parametrize("recorded", ["lamp.txt", "images/lamp.png"])
@pytest.mark.parametrize("name", DECOYS)
def test_a_page_that_speaks_of_such_files_is_no_finding(name: str, recorded: str, directory: Path) -> None:
    assert found_in(application(DECOYS[name], directory), get(f"/get?file={recorded}")) == set()


def test_json_is_tried(directory: Path) -> None:
    def answer(asked: Asked) -> Told:
        try:
            return Told(joined(directory, asked.content["files"][0]["name"]), "text/plain")
        except (OSError, ValueError):
            return Told("no", "text/plain", 404)

    request = post_json({"files": [{"name": "lamp.txt"}], "name": "x"})
    assert found_in(answer, request) == {("ptrav", "files[0].name")}
