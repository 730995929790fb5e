"""Good specs with some changes."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.unit.model.good_specs import FULL, SMALL, NewEditor, as_editors_read

SPECS = {"full": FULL, "small": SMALL}
VALUES = st.sampled_from(
    [None, True, False, 0, 1, -1, 10**9, 1.5, "", "x", "on", "off", "${V}", "a b", "1h", "auto", "none", "007", "/"]
) | st.sampled_from([[], ["a"], [[]], [None], {}, {"a": None}, {"mode": "testing"}, {"x-a": 1}, {"run": "x"}])
KEYS = st.sampled_from(
    ["x-new", "mode", "image", "build_id", "workers", "token", "nmae", "source", "gate", "condition"]
)


def containers(data: Any) -> Iterator[dict[str, Any] | list[Any]]:
    """Every mapping and list that is fastflow's own: what is below `compose` and `container` is Compose's."""
    if isinstance(data, dict):
        yield data
        for key, value in data.items():
            if key not in ("compose", "container") and not str(key).startswith("x-"):
                yield from containers(value)
    elif isinstance(data, list):
        yield data
        for value in data:
            yield from containers(value)


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    """A good spec with one to three changes: a value replaced, removed, or added."""
    data = copy.deepcopy(as_editors_read(draw(st.sampled_from(list(SPECS.values()))), NewEditor))
    for _ in range(draw(st.integers(1, 3))):
        home = draw(st.sampled_from(list(containers(data))))
        places: list[Any] = list(home) if isinstance(home, dict) else list(range(len(home)))
        action = draw(st.sampled_from(["set", "remove", "add"])) if places else "add"
        if action == "add":
            if isinstance(home, dict):
                home[draw(KEYS)] = copy.deepcopy(draw(VALUES))
            else:
                home.append(copy.deepcopy(draw(VALUES)))
            continue
        at = draw(st.sampled_from(places))
        if action == "set":
            home[at] = copy.deepcopy(draw(VALUES))
        else:
            del home[at]
    return data
