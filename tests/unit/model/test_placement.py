"""Where workflows go that name hosts by variables whose values are not known yet."""

import pytest

from fastflow.model.spec import hosts_of
from tests.unit.model.specs import load

SPEC = """\
hosts: {{ blue: {{ context: blue, max_parallel: 1 }}, green: {{ context: green, max_parallel: 4 }} }}
workflows:
  web: {{ host: {host}, nodes: {{ record: {{ mode: recording }} }} }}
"""


@pytest.mark.parametrize(
    ("host", "values", "wanted"),
    [
        ("$HOST", None, "$HOST"),
        ("['$HOST', '$OTHER']", None, "$HOST"),
        ("['$HOST', blue]", None, "blue"),
        ("['$HOST', green, blue]", None, "green"),
        ("$HOST", {"HOST": "blue"}, "blue"),
        ("['$HOST', blue]", {"HOST": "green"}, "green"),
        ("any", None, "green"),
    ],
)
def test_a_host_that_a_variable_names_is_not_looked_for(host: str, values: dict[str, str] | None, wanted: str) -> None:
    loaded = load(SPEC.format(host=host), values)
    assert loaded.spec is not None
    assert hosts_of(loaded.spec) == {"web": wanted}


THREE = """\
hosts: { a: { context: a }, b: { context: b }, c: { context: c } }
workflows:
  one: { host: any, nodes: { record: { mode: recording } } }
  two: { host: [b, c], nodes: { record: { mode: recording } } }
  three: { host: b, nodes: { record: { mode: recording } } }
  four: { nodes: { record: { mode: recording } } }
"""


@pytest.mark.parametrize(
    ("silent", "wanted"),
    [
        ((), ("a", "c", "b", "a")),
        (("a",), ("c", "b", "b", "c")),
        (("b",), ("a", "c", "b", "a")),
        (("a", "c"), ("b", "b", "b", "b")),
        (("b", "c"), ("a", "c", "b", "a")),
        (("a", "b", "c"), ("a", "c", "b", "a")),
    ],
)
def test_silent_hosts_are_passed_over_where_there_are_others(silent: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    loaded = load(THREE)
    assert loaded.spec is not None
    assert tuple(hosts_of(loaded.spec, silent).values()) == wanted
