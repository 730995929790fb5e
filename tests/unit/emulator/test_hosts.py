"""ALLOWED_HOSTS in each of its forms."""

import re

import pytest

from fastflow.emulator.node.hosts import host_matcher


@pytest.mark.parametrize(
    ("allowed", "matching", "others"),
    [
        ("", ["app", "a.b.test"], []),
        ("*", ["app"], []),
        ("app", ["app", "APP"], ["app2", "my.app", "xapp"]),
        ("app:3000", ["app"], ["app2"]),
        (".shop.test", ["shop.test", "a.shop.test", "a.b.shop.test"], ["xshop.test", "shop.test.evil"]),
        ("*.shop.test", ["a.shop.test"], ["shop.test"]),
        ("www.shop.*", ["www.shop.test", "www.shop.co.test"], ["www.shop", "shop.test"]),
        ("(app|api.test)", ["app", "api.test"], ["apixtest", "web"]),
        ("app|.shop.test", ["app", "a.shop.test"], ["web"]),
        ("app, api", ["app", "api"], ["web"]),
        (r"~^(www\.)?shop\.test$", ["shop.test", "www.shop.test"], ["a.shop.test", "shopxtest"]),
        ("~*shop", ["my.SHOP.test"], ["app"]),
        (r"(www\.)?shop\.test", ["shop.test", "WWW.shop.test"], ["a.shop.test", "shop.test.evil"]),
        ("(app|api).test", ["app.test", "api.test"], ["app", "web.test"]),
        (r"^app\d+$", ["app1"], ["app", "app1x"]),
    ],
)
def test_hosts_are_matched(allowed: str, matching: list[str], others: list[str]) -> None:
    is_allowed = host_matcher(allowed)
    assert [host for host in matching + others if is_allowed(host)] == matching


@pytest.mark.parametrize("allowed", ["~(", "(a.test|[", "~["])
def test_an_expression_that_is_none_is_refused(allowed: str) -> None:
    with pytest.raises(re.error):
        host_matcher(allowed)
