"""Which images a run builds, who runs them, and in which order they are built."""

from pathlib import Path
from typing import Any

import pytest

from fastflow.application.built import builds_of, built_image, images_of, normal, stages_of


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("shop", "shop:latest"),
        ("shop", "docker.io/library/shop:latest"),
        ("team/shop:1", "index.docker.io/team/shop:1"),
        ("localhost:5000/shop", "localhost:5000/shop:latest"),
    ],
)
def test_names_of_one_image_are_equal(one: str, two: str) -> None:
    assert normal(one) == normal(two)


@pytest.mark.parametrize(("one", "two"), [("shop", "shop:1"), ("a/shop", "shop"), ("shop@sha256:0", "shop"), ("", "a")])
def test_names_of_two_images_are_not(one: str, two: str) -> None:
    assert normal(one) != normal(two)


def test_every_service_has_an_image_name_of_its_own_that_engines_take() -> None:
    names = [built_image("fastflow-1-a_-b", name) for name in ("app", "App", "a__p", "a_p", "_app", "app.")]
    assert built_image("fastflow-1-web", "app") == "fastflow-1-web-app"
    assert len({*names}) == len(names)
    assert all(name.replace("-", "").isalnum() and name.islower() and "--" not in name for name in names)


SERVICES: dict[str, Any] = {
    "app": {"build": {"context": "."}, "image": "shop:ci"},
    "worker": {"image": "docker.io/library/shop:ci"},
    "twin": {"build": {"context": "."}, "image": "shop:ci"},
    "tagged": {"build": {"context": ".", "tags": ["shop:extra"]}},
    "extra": {"image": "shop:extra"},
    "db": {"image": "db:1"},
}


def test_a_service_runs_what_the_run_built_of_the_image_that_it_names() -> None:
    builds = builds_of(SERVICES, "p")
    assert images_of(SERVICES, builds) == {
        "app": "p-app",
        "worker": "p-app",
        "twin": "p-twin",
        "tagged": "p-tagged",
        "extra": "p-tagged",
    }


def test_what_another_workflow_builds_counts_where_the_own_one_does_not() -> None:
    others = builds_of(SERVICES, "q").values()
    mine = {"app": {"build": {}, "image": "shop:ci"}, "a": {"image": "shop:ci"}, "b": {"image": "shop:extra"}}
    assert images_of(mine, builds_of(mine, "p"), others) == {"app": "p-app", "a": "p-app", "b": "q-tagged"}


INLINE = "FROM shop:app AS x\nCOPY --from=other:1 a b\n"


def test_an_image_is_built_after_those_that_it_is_built_on(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM shop:base\n")
    services: dict[str, Any] = {
        "top": {"build": {"context": str(tmp_path), "dockerfile_inline": INLINE}},
        "app": {"build": {"context": str(tmp_path), "dockerfile": "Dockerfile"}, "image": "shop:app"},
        "base": {"build": {"context": str(tmp_path / "nowhere")}, "image": "shop:base"},
        "named": {"build": {"context": "https://x/y.git", "additional_contexts": {"b": "docker-image://shop:base"}}},
        "alone": {"build": {"context": str(tmp_path / "nowhere")}},
    }  # fmt: skip
    builds = builds_of(services, "p")
    assert builds["top"].dockerfile == INLINE.replace("shop:app", "p-app")
    assert builds["app"].dockerfile == "FROM p-base\n"
    assert builds["named"].contexts == {"b": "docker-image://p-base"}
    assert [builds[name].dockerfile for name in ("base", "named", "alone")] == [None] * 3
    assert list(stages_of(builds, ["top"])) == [("base",), ("app",), ("top",)]
    assert list(stages_of(builds, ["named", "alone"])) == [("base", "alone"), ("named",)]


def test_images_that_are_built_on_each_other_are_left_to_compose() -> None:
    services = {name: {"build": {"dockerfile_inline": f"FROM {other}"}, "image": name} for name, other in ("ab", "ba")}
    assert list(stages_of(builds_of(services, "p"), ["a"])) == [("a", "b")]


def test_a_changed_dockerfile_is_a_file_while_images_are_built(tmp_path: Path) -> None:
    services = {"base": {"build": {}, "image": "b"}, "top": {"build": {"dockerfile_inline": "FROM b"}}}
    base, top = builds_of(services, "p").values()
    assert (base.text, base.written_to(tmp_path)) == ({}, base)
    assert top.text == {"dockerfile": None, "dockerfile_inline": "FROM p-base"}
    written = top.written_to(tmp_path)
    assert written.text == {"dockerfile": str(tmp_path / "p-top.Dockerfile"), "dockerfile_inline": None}
    assert (tmp_path / "p-top.Dockerfile").read_text() == "FROM p-base"
