"""The shop as one WSGI application."""

from shop.account import add_account
from shop.api import add_api
from shop.goods import add_goods
from shop.layout import NOTICES, page
from shop.markup import fill
from shop.store import Store
from shop.web import Application, Handler, Request, Response, text_response


def create_app(store: Store) -> Application:
    """Build the shop over its store."""
    application = Application()
    application.add("GET", "/health", _health)
    for name, text in NOTICES.items():
        application.add("GET", f"/{name}", _notice(name, text))
    add_goods(application, store)
    add_account(application, store)
    add_api(application, store)
    return application


def _health(_request: Request) -> Response:
    return text_response("ok")


def _notice(name: str, text: str) -> Handler:
    response = page(name.capitalize(), fill("<p>{text}</p>", text=text))
    return lambda _request: response
