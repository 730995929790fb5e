"""How many of what, in words."""


def count(number: int, one: str, many: str = "") -> str:
    """Count things: `1 request`, `2 requests`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
