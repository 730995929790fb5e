"""The token stays out of everything, however it is written and wherever a line is cut."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.masking import Masker

TOKEN = 'a/b+"c\\d="'


@pytest.mark.parametrize("form", [TOKEN, json.dumps({"t": TOKEN}), quote(TOKEN, safe=""), f"x{TOKEN}{TOKEN}y"])
def test_a_token_is_masked_in_each_of_its_forms(form: str) -> None:
    masked = Masker([TOKEN])(form)
    assert "***" in masked
    assert TOKEN not in masked
    assert json.dumps(TOKEN)[1:-1] not in masked
    assert quote(TOKEN, safe="") not in masked


def test_a_token_within_another_leaves_nothing_of_the_longer_one() -> None:
    assert Masker(["abcd", "abcdefgh"])("abcdefgh abcd") == "*** ***"


def test_what_is_too_short_to_be_a_token_masks_no_ordinary_text() -> None:
    assert Masker(["1", ""])("1 of 10") == "1 of 10"


@given(st.integers(4, 19))
def test_the_beginning_of_a_token_at_the_cut_of_a_long_line_is_masked(length: int) -> None:
    secret = "0123456789abcdefghij"
    assert Masker([secret])("x" * 20_000 + secret[:length]) == "x" * 20_000 + "***"
    assert Masker([secret])("short " + secret[:length]) == "short " + secret[:length]
