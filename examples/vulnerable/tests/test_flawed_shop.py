"""The HTTP tests of a team that knows of no hole: harmless requests, all of them green."""

# ruff: noqa: PT009  # unittest, since the image has nothing but the standard library

import unittest

from visitor import Visitor

ADA = {"email": "ada@shop.example", "password": "analytical-engine"}


class Holes(unittest.TestCase):
    """What FAST has to find, seen from the side of a well-meaning visitor."""

    def test_search(self) -> None:
        self.assertIn("8 found for <em>oak</em>", Visitor().get("/search", q="oak").text)

    def test_coupon(self) -> None:
        self.assertIn("10 percent off", Visitor().post("/coupon", code="SPRING").text)

    def test_manual(self) -> None:
        self.assertIn("four legs", Visitor().get("/manuals", file="chair.txt").text)


class Decoys(unittest.TestCase):
    """What FAST has to leave alone."""

    def test_greeting(self) -> None:
        self.assertIn("Hello, Ada!", Visitor().get("/greeting", name="Ada").text)

    def test_help_on_sql_errors(self) -> None:
        self.assertIn("syntax error", Visitor().get("/help/errors", topic="quotes").text)

    def test_help_on_accounts(self) -> None:
        self.assertIn("root:x:0:0", Visitor().get("/help/accounts", field="shell").text)

    def test_leaflet(self) -> None:
        self.assertIn("the shade", Visitor().get("/leaflets", file="lamp.txt").text)

    def test_json_echo(self) -> None:
        self.assertEqual(Visitor().get("/api/echo", text="hello").json(), {"text": "hello"})

    def test_text_echo(self) -> None:
        self.assertEqual(Visitor().get("/echo.txt", text="hello").text, "hello")

    def test_notes_of_a_customer(self) -> None:
        visitor = Visitor()
        visitor.post("/login", **ADA)
        self.assertIn("Buy milk", visitor.get("/notes", text="Buy milk").text)

    def test_a_guest_has_no_notes(self) -> None:
        self.assertIn("Log in</h1>", Visitor().get("/notes", text="Buy milk").text)


if __name__ == "__main__":
    unittest.main()
