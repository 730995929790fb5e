"""The shop's pages for a customer: the login and the cart behind it."""

from http import HTTPStatus

from shop.goods import find_product
from shop.layout import money, page
from shop.markup import Markup, fill, join
from shop.numbers import whole_number
from shop.store import LARGEST_QUANTITY, Store
from shop.web import Application, Request, Response, redirect

_COOKIE = "session={token}; Path=/; HttpOnly; SameSite=Lax"
_LOGIN_FORM = Markup(
    '<form method="post" action="/login"><input name="email"><input name="password" type="password">'
    "<button>Log in</button></form>"
)


def add_account(application: Application, store: Store) -> None:
    """Add the login and the cart to the application."""
    account = _Account(store)
    application.add("GET", "/login", account.login_form)
    application.add("POST", "/login", account.log_in)
    application.add("POST", "/logout", account.log_out)
    application.add("GET", "/cart", account.cart)
    application.add("POST", "/cart", account.put_in_cart)


class _Account:
    def __init__(self, store: Store) -> None:
        self._store = store

    def login_form(self, _request: Request) -> Response:
        return page("Log in", _LOGIN_FORM)

    def log_in(self, request: Request) -> Response:
        token = self._store.log_in(request.form.get("email", ""), request.form.get("password", ""))
        if token is None:
            message = Markup("<p>That e-mail and that password do not belong together.</p>")
            return page("Log in", message, _LOGIN_FORM, status=HTTPStatus.FORBIDDEN)
        return redirect("/cart", ("Set-Cookie", _COOKIE.format(token=token)))

    def log_out(self, request: Request) -> Response:
        self._store.log_out(request.cookies.get("session", ""))
        return redirect("/", ("Set-Cookie", _COOKIE.format(token="") + "; Max-Age=0"))

    def cart(self, request: Request) -> Response:
        token = request.cookies.get("session", "")
        name = self._store.customer(token)
        if name is None:
            return redirect("/login")
        lines = self._store.cart(token)
        items = [fill("<li>{count} x {name}</li>", count=line.quantity, name=line.product.name) for line in lines]
        total = money(sum(line.product.price * line.quantity for line in lines))
        return page(f"Cart of {name}", fill("<ul>{items}</ul><p>Total: {total}</p>", items=join(items), total=total))

    def put_in_cart(self, request: Request) -> Response:
        token = request.cookies.get("session", "")
        if self._store.customer(token) is None:
            return redirect("/login")
        product = find_product(self._store, request.form.get("product", ""))
        quantity = whole_number(request.form.get("quantity", ""), 1, LARGEST_QUANTITY)
        self._store.put_in_cart(token, product.id, quantity)
        return redirect("/cart")
