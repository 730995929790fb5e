"""The shop's SQLite database: its tables and the goods it opens with."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from shop.passwords import hash_password

SCHEMA = """
CREATE TABLE IF NOT EXISTS products (
    id INTEGER PRIMARY KEY, sku TEXT UNIQUE, name TEXT, category TEXT, price INTEGER, description TEXT
);
CREATE TABLE IF NOT EXISTS customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, password TEXT);
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers (id));
CREATE TABLE IF NOT EXISTS carts (
    token TEXT REFERENCES sessions (token), product_id INTEGER REFERENCES products (id), quantity INTEGER,
    PRIMARY KEY (token, product_id)
);
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, name TEXT, city TEXT, note TEXT, total INTEGER);
"""
MATERIALS = ("Oak", "Beech", "Walnut", "Steel", "Linen", "Rattan", "Marble", "Cork")
GOODS = (
    ("chair", 4900),
    ("table", 19900),
    ("lamp", 2900),
    ("shelf", 7900),
    ("stool", 3500),
    ("bench", 8900),
    ("desk", 24900),
    ("mirror", 5900),
)
CUSTOMER = ("ada@shop.example", "Ada", "analytical-engine")


class Database:
    """A database file, created and filled where it is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self.connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
            connection.executemany("INSERT OR IGNORE INTO products VALUES (?, ?, ?, ?, ?, ?)", _products())
            email, name, password = CUSTOMER
            row = (1, email, name, hash_password(password))
            connection.execute("INSERT OR IGNORE INTO customers VALUES (?, ?, ?, ?)", row)

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one piece of work: committed at its end, rolled back where it raises."""
        with closing(sqlite3.connect(self._path, timeout=10)) as connection, connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = OFF")  # the examples' data may be lost with the machine
            yield connection


def _products() -> Iterator[tuple[int, str, str, str, int, str]]:
    number = 0
    for kind, price in GOODS:
        for extra, material in enumerate(MATERIALS):
            number += 1
            description = f"A {kind} of fine {material.lower()}, made to last and to be mended."
            yield number, f"{kind}-{extra}", f"{material} {kind}", kind, price + 500 * extra, description
