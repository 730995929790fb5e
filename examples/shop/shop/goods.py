"""The shop's pages of goods: the home page, search, categories, products, and an order once placed."""

from collections.abc import Sequence
from http import HTTPStatus

from shop.layout import money, page
from shop.markup import Markup, fill, join
from shop.numbers import whole_number
from shop.store import Product, Store
from shop.web import Application, HttpError, Request, Response


def add_goods(application: Application, store: Store) -> None:
    """Add the pages of goods to the application."""
    goods = _Goods(store)
    application.add("GET", "/", goods.home)
    application.add("GET", "/search", goods.search)
    application.add("GET", "/categories/{category}", goods.category)
    application.add("GET", "/products/{id}", goods.product)
    application.add("GET", "/products/{id}/care", goods.care)
    application.add("GET", "/products/{id}/picture.svg", goods.picture)
    application.add("GET", "/orders/{id}", goods.order)


def search_form(text: str) -> Markup:
    """The form that searches the goods, with what was searched for."""
    return fill('<form action="/search"><input name="q" value="{text}"><button>Search</button></form>', text=text)


def product_list(products: Sequence[Product]) -> Markup:
    """A list of products with links to their pages."""
    item = '<li><a href="/products/{id}">{name}</a> {price}</li>'
    items = [fill(item, id=product.id, name=product.name, price=money(product.price)) for product in products]
    return fill("<ul>{items}</ul>", items=join(items))


def find_product(store: Store, product_id: str) -> Product:
    """The product of an id that a visitor sent; raises HttpError where there is none."""
    product = store.product(whole_number(product_id, 1, 10**6))
    if product is None:
        raise HttpError(HTTPStatus.NOT_FOUND, "There is no such product.")
    return product


class _Goods:
    def __init__(self, store: Store) -> None:
        self._store = store

    def home(self, _request: Request) -> Response:
        link = '<li><a href="/categories/{name}">{name}</a></li>'
        links = join([fill(link, name=name) for name in self._store.categories()])
        return page("Welcome", fill("<ul>{links}</ul>", links=links), product_list(self._store.products()))

    def search(self, request: Request) -> Response:
        text, category = request.query.get("q", ""), request.query.get("category", "")
        found = self._store.products(text, category)
        heading = fill("<p>{count} found for <em>{text}</em></p>", count=len(found), text=text)
        return page("Search", search_form(text), heading, product_list(found))

    def category(self, request: Request) -> Response:
        found = self._store.products(category=request.arguments["category"])
        if not found:
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such category.")
        return page(found[0].category.capitalize(), product_list(found))

    def product(self, request: Request) -> Response:
        product = find_product(self._store, request.arguments["id"])
        body = fill(
            '<img src="/products/{id}/picture.svg" alt="{name}"><p>{text}</p><p>{price}</p>'
            '<p><a href="/products/{id}/care">Care</a> <a href="/categories/{category}">More like this</a></p>'
            '<form method="post" action="/cart"><input type="hidden" name="product" value="{id}">'
            '<input name="quantity" value="1"><button>Into the cart</button></form>',
            id=product.id,
            name=product.name,
            text=product.description,
            price=money(product.price),
            category=product.category,
        )
        return page(product.name, body)

    def care(self, request: Request) -> Response:
        product = find_product(self._store, request.arguments["id"])
        text = "<p>Wipe your {name} with a dry cloth.</p>"
        return page(f"Care for your {product.name}", fill(text, name=product.name))

    def picture(self, request: Request) -> Response:
        product = find_product(self._store, request.arguments["id"])
        drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="20"><text y="15">{name}</text></svg>'
        return Response(fill(drawing, name=product.name), content_type="image/svg+xml")

    def order(self, request: Request) -> Response:
        order = self._store.order(request.arguments["id"])
        if order is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such order.")
        text = "<p>{name}, {city}: {total}</p><blockquote>{note}</blockquote>"
        return page("Your order", fill(text, **{**vars(order), "total": money(order.total)}))
