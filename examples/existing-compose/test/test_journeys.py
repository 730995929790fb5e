"""End-to-end tests that drive a browser, which visits the shop. They send the shop nothing themselves."""

# ruff: noqa: PT009  # unittest, since the image has nothing but the standard library

import json
import os
import unittest
from typing import Any
from urllib.request import Request, urlopen

APP = os.environ["APP_URL"]
SELENIUM = os.environ["SELENIUM_URL"]
TIMEOUT = 30  # seconds, for one command


def command(path: str, method: str = "POST", **fields: object) -> Any:
    """Give the browser a command and return its answer."""
    request = Request(SELENIUM + path, json.dumps(fields).encode(), method=method)
    with urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)


class Journey(unittest.TestCase):
    """A visitor's way through the shop, in a browser session of its own."""

    def setUp(self) -> None:
        session = command("/session")["session"]
        self.path = f"/session/{session}"
        self.addCleanup(command, self.path, "DELETE")

    def open(self, page: str) -> str:
        """Open a page and return its source."""
        return str(command(f"{self.path}/url", url=APP + page)["source"])

    def send(self, page: str, **fields: str) -> str:
        """Send a form and return the source of the page it leads to."""
        return str(command(f"{self.path}/form", url=APP + page, fields=fields)["source"])


class Shopping(Journey):
    def test_look_around(self) -> None:
        self.assertIn("Walnut bench", self.open("/"))
        self.assertIn("8 found", self.open("/search?q=walnut"))
        for product in range(1, 65):
            self.assertIn("Into the cart", self.open(f"/products/{product}"))
            self.assertIn("dry cloth", self.open(f"/products/{product}/care"))

    def test_search_in_a_category(self) -> None:
        self.assertIn("1 found", self.open("/search?q=steel&category=shelf"))


class Account(Journey):
    def test_buy(self) -> None:
        self.assertIn("Cart of Ada", self.send("/login", email="ada@shop.example", password="analytical-engine"))
        for product in range(1, 6):
            self.assertIn("3 x ", self.send("/cart", product=str(product), quantity="3"))

    def test_a_guest_is_sent_to_the_login(self) -> None:
        self.assertIn("Log in</h1>", self.open("/cart"))
