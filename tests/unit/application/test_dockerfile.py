"""Which words of a Dockerfile are images."""

import pytest

from fastflow.application.built import with_images

UNCHANGED = ""
OWN = {"shop:ci": "run-shop"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM shop:ci\nRUN x\n", "FROM run-shop\nRUN x\n"),
        ("# c\nfrom --platform=linux/amd64 shop:ci as b\nFROM b\n", None),
        ("FROM other\nCOPY --from=shop:ci /a /b\n", "FROM other\nCOPY --from=run-shop /a /b\n"),
        ("FROM other\nCOPY --chown=1 --from=shop:ci . .", "FROM other\nCOPY --chown=1 --from=run-shop . ."),
        ("FROM o\nRUN --mount=type=bind,from=shop:ci,target=/x ls", None),
        ("ARG BASE=shop:ci\nFROM ${BASE}\n", "ARG BASE=shop:ci\nFROM run-shop\n"),
        ('ARG TAG="ci"\nFROM shop:$TAG AS a\n', 'ARG TAG="ci"\nFROM run-shop AS a\n'),
        ("FROM shop:${TAG:-ci}", "FROM run-shop"),
        ("ARG GIVEN=other\nFROM $GIVEN", "ARG GIVEN=other\nFROM run-shop"),
        ("FROM shop:2\nCOPY --from=0 a b\nRUN echo FROM shop:ci\n", UNCHANGED),
        ("FROM scratch AS shop:ci\nFROM shop:ci\n", UNCHANGED),
    ],
)  # fmt: skip
def test_images_of_the_run_take_the_place_of_those_that_are_named(text: str, expected: str | None) -> None:
    wanted = text if expected is UNCHANGED else expected or text.replace("shop:ci", "run-shop")
    assert with_images(text, OWN.get, {"GIVEN": "shop:ci"}) == wanted


def test_a_named_context_is_no_image() -> None:
    assert with_images("FROM shop:ci", OWN.get, {}, taken=["shop:ci"]) == "FROM shop:ci"
