"""Changes of specs, Compose files, accept files and templates that keep most of their structure, so inputs get deep."""

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from fastflow.app.schema import whole_schema

Change = Callable[[str, random.Random], str]
_WORD = re.compile(r"[A-Za-z0-9_.$-]+")
_MARKS: list[str] = [
    *"{}[]:,$'\"|>#~%&*!?-@`\\\n\t\r\x00\x07\x85\u2028\ufeffé\u0301\u202e界😀",
    "  ", "- ", "? ", ": ", "{}", "[]", "''", '""', "\r\n", "---\n", "...\n", "%YAML 1.1\n", "|\n", ">-\n", "|2+\n",
    "&a ", "*a", "&b ", "*b", "<<: *a", "<<: [*a, *b]", "<<: ", "!reset ", "!override ", "!!str ", "!!binary ", "!x ",
    r'"\0"', r'"\ud800"', r'"\x1b[31m"', r'"\N"', r'"\u202e"', r'"a\\b"', r'"\q"',
    "# fastflow: ignore[scope-open] x\n", "# fastflow: ignore[*]\n", "# fastflow: ignore[", "# fastflow: ignore[a,b] c",
]  # fmt: skip
_VALUES = [
    "null", "~", "", "true", "on", "off", "0", "-1", "007", "1e5", "12:30", "0x1F", ".inf", "1_000", "9" * 20, "٣",
    "1h30m", "90s", "-5m", "999999999999h", "2024-02-30", "2030-06-30", "0001-01-01", "a" * 300, "a b", "é", r"a\0b",
    "http://app:3000", "http://[::1]:80", "http://[", "//", "https://u:p@h:99999/", "ssh://far", "unix:///x", "tcp://",
    "8080", "0:8080", "127.0.0.1::8080", "[::1]:80:80", "8000-9000:8000-9000", "1-65535", "9-1:1-9", "::", "0-99999",
    "*.record", "[a-", "**", "web.record", "record", "any", "external", "none", "default", "service:app", "a:b",
    "docker-compose.yml", "accept.yml", "fastflow.yml", ".", "..", "/", "/dev/zero", "latin-1.yml", "pipe",
    "https://x/y.yml", "(", "(a+)+$", "a{99999}", "[[:alpha:]]", "(?P<a>x)(?P=a)", "\\", "up$$", "*a", "{}", "[]",
    "[[]]", "{a: }", "{ <<: *a, b: c }", "&a { b: *a }", "&a [*a]", "{ services: { app: { image: a } } }",
]  # fmt: skip
_NAMES = [
    "A",
    "B",
    "CI",
    "CI_PIPELINE_ID",
    "BUILD_TAG",
    "FASTFLOW_RUN_ID",
    "FASTFLOW_CI_ID",
    "WALLARM_API_TOKEN",
    "é",
    "",
]
_OPERATORS = ["", "", ":-", "-", ":?", "?", ":+", "+", ":", "!"]
_COMPOSE = [
    "services", "image", "build", "context", "environment", "env_file", "ports", "target", "published", "protocol",
    "expose", "depends_on", "condition", "networks", "aliases", "internal", "external", "volumes", "type", "source",
    "name", "container_name", "healthcheck", "test", "disable", "profiles", "extends", "file", "service", "include",
    "path", "project_directory", "extra_hosts", "links", "restart", "deploy", "scale", "replicas", "network_mode",
    "command", "entrypoint", "configs", "secrets", "hostname", "domainname", "x-a", "service_healthy",
    "service_completed_successfully", "fingerprint", "reason", "expires", "comment",
]  # fmt: skip


def _names_in(schema: Any) -> Iterator[str]:
    """Every field and every fixed value that the schema of the spec knows."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (str(value) for value in schema.get("enum", ()))
        for part in schema.values():
            yield from _names_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _names_in(part)


FIELDS: list[str] = sorted({*_names_in(whole_schema()), *_COMPOSE})


def template(choice: random.Random, depth: int = 3) -> str:
    """Make a template as BUILD_IDs and other texts hold them; now and then one that is broken."""
    parts = []
    for _ in range(choice.randint(1, 4)):
        kind, name = choice.random(), choice.choice(_NAMES)
        if kind < 0.4 or depth == 0:
            parts.append(
                choice.choice(["a", "b", "1", "web", "api", "ab", "$$", "-", "", "$", "${", "}", ":", "a" * 40])
            )
        elif kind < 0.5:
            parts.append(f"${name}")
        else:
            operator = choice.choice(_OPERATORS)
            parts.append(f"${{{name}{operator}{template(choice, depth - 1) if operator else ''}}}")
    return "".join(parts)


def mutate(content: bytes, choice: random.Random, largest: int, seeds: list[bytes]) -> bytes:
    """Change an input one to five times; what is not UTF-8 stays as it is."""
    text = content.decode("utf-8", "surrogateescape")
    for _ in range(choice.choice((1, 1, 1, 2, 2, 3, 5))):
        if choice.random() < 0.05:
            text = _spliced(text, choice.choice(seeds).decode("utf-8", "surrogateescape"), choice)
        else:
            text = choice.choice(_CHANGES)(text, choice)
        text = text[:largest]
    return text.encode("utf-8", "surrogateescape")[:largest]


def _spliced(text: str, other: str, choice: random.Random) -> str:
    lines, others = text.splitlines(keepends=True), other.splitlines(keepends=True)
    start = choice.randint(0, len(others))
    at = choice.randint(0, len(lines))
    return "".join([*lines[:at], *others[start : start + choice.randint(1, 12)], *lines[at:]])


def _with_mark(text: str, choice: random.Random) -> str:
    at = choice.randint(0, len(text))
    return text[:at] + choice.choice(_MARKS) + text[at + choice.choice((0, 0, 0, 1, 3)) :]


def _with_word(text: str, choice: random.Random) -> str:
    """Put a field, a value, a template, or another word of the same text in the place of a word."""
    words = list(_WORD.finditer(text))
    if not words:
        return text + choice.choice(FIELDS)
    word = choice.choice(words)
    news = [choice.choice(FIELDS), choice.choice(_VALUES), template(choice), str(choice.choice(words).group())]
    return text[: word.start()] + choice.choice(news) + text[word.end() :]


def _with_value(text: str, choice: random.Random) -> str:
    """Give a key another value, in quotes or not."""
    colons = [found.end() for found in re.finditer(": ", text)]
    at = choice.choice(colons) if colons else len(text)
    end = next((found.start() for found in re.finditer(r"[,}\n]", text[at : at + 200])), 0) + at
    value = template(choice) if choice.random() < 0.4 else choice.choice(_VALUES)
    return text[:at] + choice.choice(("{}", "{}", '"{}"', "'{}'", "[{0}, {0}]")).format(value) + text[end:]


def _with_field(text: str, choice: random.Random) -> str:
    """Put a field on a line of its own, as deep as the line above or one deeper."""
    lines = text.splitlines(keepends=True)
    at = choice.randint(0, len(lines))
    above = lines[at - 1] if at else ""
    indent = " " * (len(above) - len(above.lstrip(" ")) + choice.choice((0, 0, 2)))
    return "".join([*lines[:at], f"{indent}{choice.choice(FIELDS)}: {choice.choice(_VALUES)}\n", *lines[at:]])


def _with_lines_moved(text: str, choice: random.Random) -> str:
    """Remove, repeat, move or indent some lines."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    start = choice.randrange(len(lines))
    end = min(len(lines), start + choice.choice((1, 1, 2, 4, 10)))
    block, rest = lines[start:end], lines[:start] + lines[end:]
    kind = choice.randrange(4)
    if kind == 0:
        return "".join(rest)
    if kind == 1:
        return "".join(lines[:end] + block * choice.choice((1, 1, 2, 8)) + lines[end:])
    if kind == 2:
        at = choice.randint(0, len(rest))
        return "".join(rest[:at] + block + rest[at:])
    moved = [line[2:] if choice.random() < 0.5 and line.startswith("  ") else f"  {line}" for line in block]
    return "".join(lines[:start] + moved + lines[end:])


def _renamed(text: str, choice: random.Random) -> str:
    """Write a word as another one everywhere, so that names collide and refer to each other."""
    words = sorted(set(_WORD.findall(text)))
    if len(words) < 2:
        return text
    return text.replace(choice.choice(words), choice.choice(words))


def _with_many(text: str, choice: random.Random) -> str:
    """Repeat a short piece many times: depth, long lines, many keys."""
    at = choice.randint(0, len(text))
    piece = choice.choice(["[", "{a: ", "- ", "? ", "${A:-", "a", " ", "\n", "*a, ", "{", "]", "}", text[at : at + 20]])
    return text[:at] + piece * choice.choice((3, 30, 110, 400)) + text[at:]


def _with_byte(text: str, choice: random.Random) -> str:
    """Put any one byte somewhere, mostly no UTF-8 any more."""
    at = choice.randint(0, len(text))
    return text[:at] + bytes([choice.randrange(256)]).decode("utf-8", "surrogateescape") + text[at:]


_CHANGES: list[Change] = [
    *[_with_word] * 5,
    *[_with_value] * 5,
    *[_with_field] * 3,
    *[_with_lines_moved] * 3,
    *[_with_mark] * 3,
    *[_renamed] * 2,
    _with_many,
    _with_byte,
]
