"""What the shop asks of its database. Every value reaches SQL as a bound parameter."""

import secrets
import sqlite3
from dataclasses import dataclass

from shop.database import Database
from shop.passwords import hash_password, password_matches

LARGEST_QUANTITY = 99
_NOBODY = hash_password(secrets.token_hex())


@dataclass(frozen=True)
class Product:
    """Something to buy; the price is in cents."""

    id: int
    sku: str
    name: str
    category: str
    price: int
    description: str


@dataclass(frozen=True)
class CartLine:
    """A product in a cart, so many times."""

    product: Product
    quantity: int


@dataclass(frozen=True)
class Order:
    """An order that was placed; its id is the secret that lets one see it."""

    id: str
    name: str
    city: str
    note: str
    total: int


class Store:
    """The shop's goods, customers, carts and orders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def products(self, text: str = "", category: str = "", most: int | None = None) -> list[Product]:
        """The products that match a text, a category and a highest price in cents."""
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return [
            Product(*row)
            for row in self._rows(
                r"SELECT * FROM products WHERE name LIKE ? ESCAPE '\' AND (? = '' OR category = ?)"
                " AND (? IS NULL OR price <= ?) ORDER BY id",
                *(pattern, category, category, most, most),
            )
        ]

    def product(self, product_id: int) -> Product | None:
        """A product by its id."""
        rows = self._rows("SELECT * FROM products WHERE id = ?", product_id)
        return Product(*rows[0]) if rows else None

    def product_by_sku(self, sku: str) -> Product | None:
        """A product by its article number."""
        rows = self._rows("SELECT * FROM products WHERE sku = ?", sku)
        return Product(*rows[0]) if rows else None

    def categories(self) -> list[str]:
        """The categories that have products."""
        return [row[0] for row in self._rows("SELECT DISTINCT category FROM products ORDER BY category")]

    def log_in(self, email: str, password: str) -> str | None:
        """Open a session and give its token; None where e-mail and password do not belong together."""
        rows = self._rows("SELECT id, password FROM customers WHERE email = ?", email)
        # An unknown customer costs the same time as a wrong password, so that nobody learns who is one.
        known = password_matches(password, rows[0]["password"] if rows else _NOBODY)
        if not rows or not known:
            return None
        token = secrets.token_urlsafe(24)
        self._write("INSERT INTO sessions VALUES (?, ?)", token, rows[0]["id"])
        return token

    def log_out(self, token: str) -> None:
        """Close a session and forget its cart."""
        self._write("DELETE FROM carts WHERE token = ?", token)
        self._write("DELETE FROM sessions WHERE token = ?", token)

    def customer(self, token: str) -> str | None:
        """The name of the customer whose session this is."""
        rows = self._rows(
            "SELECT name FROM customers JOIN sessions ON customers.id = customer_id WHERE token = ?", token
        )
        return str(rows[0][0]) if rows else None

    def put_in_cart(self, token: str, product_id: int, quantity: int) -> None:
        """Set how many of a product are in a session's cart."""
        self._write("INSERT OR REPLACE INTO carts VALUES (?, ?, ?)", token, product_id, quantity)

    def cart(self, token: str) -> list[CartLine]:
        """What is in a session's cart."""
        rows = self._rows(
            "SELECT products.*, quantity FROM carts JOIN products ON id = product_id WHERE token = ? ORDER BY id",
            token,
        )
        return [CartLine(Product(*row[:-1]), row[-1]) for row in rows]

    def place_order(self, name: str, city: str, note: str, lines: list[CartLine]) -> Order:
        """Place an order for these lines."""
        total = sum(line.product.price * line.quantity for line in lines)
        order = Order(secrets.token_hex(8), name, city, note, total)
        self._write("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", order.id, name, city, note, total)
        return order

    def order(self, order_id: str) -> Order | None:
        """An order by its id."""
        rows = self._rows("SELECT * FROM orders WHERE id = ?", order_id)
        return Order(*rows[0]) if rows else None

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._database.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: object) -> None:
        with self._database.connect() as connection:
            connection.execute(sql, values)
