"""Numbers that visitors send."""

from http import HTTPStatus

from shop.web import HttpError


def whole_number(text: str, least: int, most: int) -> int:
    """Read a whole number that a visitor sent; raises HttpError where it is none or out of range."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise HttpError(HTTPStatus.BAD_REQUEST, f"A whole number from {least} to {most} is wanted here.")
    return int(text)
