"""Whether a call stands in a script's code, rather than in one of its strings or comments."""

import re

_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n\r]*|<!--[^\n\r]*|/\*.*?\*/)
    | (?P<string>'(?:[^'\\\n\r]|\\.)*'|"(?:[^"\\\n\r]|\\.)*")
    | (?P<pattern>/(?![*/])(?:[^/\\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+/[a-z]*)
    | (?P<word>[\w$]+)
    | (?P<space>\s+)
    | (?P<sign>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.DOTALL)
_BEFORE_PATTERN = frozenset(("return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do"))


def calls(code: str, name: str) -> bool:
    """Tell whether `name` is called, with brackets or with a template.

    A script that breaks off in a string before the call never runs. What follows the call does not matter: who can
    place a call can also place what makes the rest well-formed.
    """
    at, previous = 0, ""
    braces: list[bool] = []  # for each open brace: whether it is the `${` of a template
    while at < len(code):
        match = _TOKEN.match(code, at)
        if match is None:
            return False
        kind, text = match.lastgroup, match[0]
        if kind == "pattern" and not _may_be_pattern(previous):
            kind, text = "sign", "/"
        at = at + len(text)
        if kind == "word" and text.lower() == name.lower() and code[at : at + 1] in ("(", "`"):
            return True
        if kind == "sign" and text in "'\"":
            return False
        if text == "`" or (text == "}" and braces and braces.pop()):
            end = _TEMPLATE.match(code, at)
            if end is None:
                return False
            at = end.end()
            if end[1] == "${":
                braces.append(True)
            text = "`"
        elif text == "{":
            braces.append(False)
        if kind not in ("space", "comment"):
            previous = text
    return False


def _may_be_pattern(previous: str) -> bool:
    """A slash divides after a value, and begins a regular expression after anything else."""
    return not re.fullmatch(r"[\w$]+|[)\]}`]|['\"/].*", previous, re.DOTALL) or previous in _BEFORE_PATTERN
