"""The shop's JSON API: the goods, and orders with a nested customer, address and items."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from shop.numbers import whole_number
from shop.store import LARGEST_QUANTITY, CartLine, Store
from shop.web import Application, HttpError, Request, Response, json_response

LONGEST_TEXT = 1000  # characters


def add_api(application: Application, store: Store) -> None:
    """Add the API to the application."""
    api = _Api(store)
    application.add("GET", "/api/products", api.products)
    application.add("POST", "/api/orders", api.place_order)
    application.add("GET", "/api/orders/{id}", api.order)


class _Api:
    def __init__(self, store: Store) -> None:
        self._store = store

    def products(self, request: Request) -> Response:
        most = request.query.get("most")
        limit = None if most is None else whole_number(most, 0, 10**7)
        found = self._store.products(category=request.query.get("category", ""), most=limit)
        return json_response([vars(product) for product in found])

    def place_order(self, request: Request) -> Response:
        body = _mapping(request.json(), "the order")
        customer = _mapping(body.get("customer"), "customer")
        address = _mapping(customer.get("address"), "customer.address")
        items = body.get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= LARGEST_QUANTITY:
            raise HttpError(HTTPStatus.BAD_REQUEST, "An order has from 1 to 99 items.")
        lines = [self._line(_mapping(item, "items")) for item in items]
        name, city, note = _text(customer, "name"), _text(address, "city"), _text(body, "note")
        order = self._store.place_order(name, city, note, lines)
        return json_response(vars(order), HTTPStatus.CREATED)

    def order(self, request: Request) -> Response:
        order = self._store.order(request.arguments["id"])
        if order is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such order.")
        return json_response(vars(order))

    def _line(self, item: Mapping[str, Any]) -> CartLine:
        product = self._store.product_by_sku(_text(item, "sku"))
        if product is None:
            raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no product of that sku.")
        return CartLine(product, whole_number(str(item.get("quantity")), 1, LARGEST_QUANTITY))


def _mapping(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise HttpError(HTTPStatus.BAD_REQUEST, f"An object is wanted as {place}.")
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise HttpError(HTTPStatus.BAD_REQUEST, f"A text of at most {LONGEST_TEXT} characters is wanted as {name}.")
    # JSON can carry half a surrogate pair, which no database takes.
    return value.encode("utf-8", "replace").decode()
