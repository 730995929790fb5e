"""The frame that every page of the shop has, and the few pages that are only text."""

from http import HTTPStatus

from shop.markup import Markup, fill, join
from shop.web import Response

NOTICES = {
    "about": "A small shop that exists to be tested.",
    "delivery": "We deliver within three working days.",
    "returns": "Thirty days to send back what you do not like.",
    "contact": "Write to shop@shop.example.",
    "privacy": "We keep your name for as long as your order takes.",
    "terms": "Be kind, pay in time.",
}
_FRAME = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title} - Shop</title></head>
<body>
<nav><a href="/">Home</a> <a href="/search">Search</a> <a href="/cart">Cart</a> <a href="/login">Log in</a></nav>
<h1>{title}</h1>
{body}
<footer>{notices}</footer>
</body>
</html>
"""


def page(title: str, *body: Markup, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with a page in the shop's frame."""
    notices = join([fill('<a href="/{name}">{name}</a>', name=name) for name in NOTICES])
    return Response(fill(_FRAME, title=title, body=join(list(body)), notices=notices), status)


def money(cents: int) -> str:
    """A price as customers read it."""
    return f"{cents // 100}.{cents % 100:02} EUR"
