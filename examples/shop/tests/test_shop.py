"""The shop's own HTTP tests. They know nothing of security: what they send is what FAST learns from."""

# ruff: noqa: PT009  # unittest, since the image has nothing but the standard library

import re
import unittest
from typing import ClassVar

from visitor import Visitor

ADA = {"email": "ada@shop.example", "password": "analytical-engine"}


class Goods(unittest.TestCase):
    def test_search_finds_by_name(self) -> None:
        answer = Visitor().get("/search", q="oak")
        self.assertIn("8 found", answer.text)
        self.assertIn("Oak table", answer.text)

    def test_search_within_a_category(self) -> None:
        self.assertIn("1 found", Visitor().get("/search", q="cork", category="lamp").text)

    def test_search_shows_the_words_it_looked_for(self) -> None:
        self.assertIn("0 found for <em>salt &amp; pepper</em>", Visitor().get("/search", q="salt & pepper").text)

    def test_an_unknown_product_is_not_found(self) -> None:
        self.assertEqual(Visitor().get("/products/999").status, 404)


class Links(unittest.TestCase):
    """No page of the shop links to one that is not there, whoever looks."""

    def crawl(self, visitor: Visitor) -> set[str]:
        seen, waiting = set[str](), ["/"]
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = visitor.get(path)
            self.assertEqual(answer.status, 200, path)
            if answer.content_type == "text/html":
                waiting += re.findall(r'(?:href|src)="(/[^"]*)"', answer.text)
        return seen

    def test_a_guest_meets_no_dead_link(self) -> None:
        self.assertGreater(len(self.crawl(Visitor())), 200)

    def test_a_customer_meets_no_dead_link(self) -> None:
        visitor = Visitor()
        visitor.post("/login", **ADA)
        self.assertIn("/cart", self.crawl(visitor))


class Account(unittest.TestCase):
    def test_a_wrong_password_is_refused(self) -> None:
        answer = Visitor().post("/login", email=ADA["email"], password="difference-engine")
        self.assertEqual(answer.status, 403)

    def test_a_guest_has_no_cart(self) -> None:
        self.assertIn("Log in</h1>", Visitor().get("/cart").text)

    def test_the_cart_keeps_what_was_put_in(self) -> None:
        visitor = Visitor()
        self.assertIn("Cart of Ada", visitor.post("/login", **ADA).text)
        answer = visitor.post("/cart", product="1", quantity="2")
        self.assertIn("2 x Oak chair", answer.text)
        self.assertIn("Total: 98.00 EUR", answer.text)
        visitor.post("/logout")
        self.assertIn("Log in</h1>", visitor.get("/cart").text)


class Api(unittest.TestCase):
    ORDER: ClassVar[dict[str, object]] = {
        "customer": {"name": "Grace", "address": {"street": "Cobol Road 60", "city": "Arlington"}},
        "items": [{"sku": "lamp-0", "quantity": 2}, {"sku": "table-1", "quantity": 1}],
        "note": "Ring <twice>.",
    }

    def test_lists_what_is_cheap_enough(self) -> None:
        goods = Visitor().get("/api/products", category="lamp", most="4000").json()
        self.assertEqual([good["sku"] for good in goods], ["lamp-0", "lamp-1", "lamp-2"])

    def test_takes_an_order(self) -> None:
        visitor = Visitor()
        answer = visitor.post_json("/api/orders", self.ORDER)
        self.assertEqual((answer.status, answer.json()["total"]), (201, 26200))
        self.assertIn("Ring &lt;twice&gt;.", visitor.get(f"/orders/{answer.json()['id']}").text)

    def test_refuses_an_order_of_nothing(self) -> None:
        self.assertEqual(Visitor().post_json("/api/orders", {**self.ORDER, "items": []}).status, 400)


if __name__ == "__main__":
    unittest.main()
