"""What a token looks like: one word that fits into a header of HTTP. Nothing here repeats it."""

HINT = "set it again without that: a token is one word of ASCII letters, digits and signs"
_NAMES = {"\n": "a newline", "\r": "a carriage return", "\t": "a tab", " ": "a blank"}


def fault_of(token: str) -> str | None:
    """Say what of a text makes it no token: `ends with a newline`. None if it may be one."""
    odd = [at for at, character in enumerate(token) if not "!" <= character <= "~"]
    if not odd:
        return None
    first = token[odd[0]]
    name = _NAMES.get(first, "a control character" if first.isascii() else "a character that is not ASCII")
    if odd[0] == len(token) - len(odd):
        return f"ends with {name}"
    return f"begins with {name}" if odd[-1] == len(odd) - 1 else f"contains {name}"
