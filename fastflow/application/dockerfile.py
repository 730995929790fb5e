"""The images that a Dockerfile names: what it is built on, and what it copies from."""

import re
from collections.abc import Callable, Collection, Mapping

_FROM = re.compile(r"(\s*FROM\s+(?:--\S+\s+)*)(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ARG = re.compile(r"\s*ARG\s+(\w+)(?:=(\S*))?", re.IGNORECASE)
_MAY_COPY = re.compile(r"\s*(?:COPY|ADD|RUN)\b", re.IGNORECASE)
_SOURCE = re.compile(r"(--from=|\bfrom=)([^\s,]+)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")
_QUOTES = "\"'"


def with_images(
    text: str, image_for: Callable[[str], str | None], args: Mapping[str, object], taken: Collection[str] = ()
) -> str:
    """Put other images in the place of those that a Dockerfile names, where `image_for` gives one.

    `args` are the build arguments that win over the defaults in the file. Names of stages, and those that are `taken`
    by build contexts, are no images (Dockerfile reference: FROM, COPY --from, RUN --mount).
    """
    lines, stages, known = [], {name.lower() for name in taken}, {key: str(value) for key, value in args.items()}

    def other(name: str) -> str:
        is_image = name.lower() not in stages and not name.isdigit()
        return (image_for(name) if is_image else None) or name

    for line in text.splitlines(keepends=True):
        changed = line
        if (arg := _ARG.match(line)) and arg[2] is not None:
            known.setdefault(arg[1], arg[2].strip(_QUOTES))
        if found := _FROM.match(line):
            base = _expanded(found[2], known)
            changed = line[: found.start(2)] + (other(base) if other(base) != base else found[2]) + line[found.end(2) :]
            if found[3]:
                stages.add(found[3].lower())
        elif _MAY_COPY.match(line):
            changed = _SOURCE.sub(lambda match: match[1] + other(match[2]), line)
        lines.append(changed)
    return "".join(lines)


def _expanded(text: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[3]) or match[2] or "", text)
