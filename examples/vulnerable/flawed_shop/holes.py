"""The three holes. Everything in this file is wrong on purpose: never copy from it."""

import os
import sqlite3
from http import HTTPStatus
from pathlib import Path

from shop.database import Database
from shop.goods import product_list, search_form
from shop.layout import page
from shop.markup import Markup, fill
from shop.store import Store
from shop.web import Application, HttpError, Request, Response, text_response

MANUALS = Path(__file__).parent / "manuals"
_COUPONS = "CREATE TABLE IF NOT EXISTS coupons (code TEXT PRIMARY KEY, percent INTEGER)"


def add_holes(application: Application, store: Store, database: Database) -> None:
    """Replace the safe search, and add coupons and manuals."""
    holes = _Holes(store, database)
    application.add("GET", "/search", holes.search)
    application.add("POST", "/coupon", holes.coupon)
    application.add("GET", "/manuals", holes.manual)


class _Holes:
    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database
        with database.connect() as connection:
            connection.execute(_COUPONS)
            connection.execute("INSERT OR IGNORE INTO coupons VALUES ('SPRING', 10)")

    def search(self, request: Request) -> Response:
        text = request.query.get("q", "")
        found = self._store.products(text)
        # VULNERABLE: reflected XSS in `q`, which is called markup without being any.
        heading = fill("<p>{count} found for <em>{text}</em></p>", count=len(found), text=Markup(text))
        return page("Search", search_form(text), heading, product_list(found))

    def coupon(self, request: Request) -> Response:
        code = request.form.get("code", "")
        try:
            with self._database.connect() as connection:
                # VULNERABLE: SQL injection in `code`, which becomes part of the statement.
                row = connection.execute(f"SELECT percent FROM coupons WHERE code = '{code}'").fetchone()
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            # Showing the database's error is what makes the hole an error-based one; the page itself escapes it.
            message = fill("<pre>sqlite3.{kind}: {error}</pre>", kind=type(error).__name__, error=error)
            return page("The coupon failed", message, status=HTTPStatus.INTERNAL_SERVER_ERROR)
        if row is None:
            return page("Coupon", Markup("<p>We know no such coupon.</p>"))
        return page("Coupon", fill("<p>{percent} percent off.</p>", percent=row[0]))

    def manual(self, request: Request) -> Response:
        # VULNERABLE: path traversal in `file`, which may lead out of the directory.
        path = os.path.join(MANUALS, request.query.get("file", ""))  # noqa: PTH118  # the classic mistake
        try:
            return text_response(Path(path).read_text())
        except (OSError, ValueError):
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such manual.") from None
