"""What a source's command sees of the caller's environment."""

import pytest

from fastflow.app.environment import source_environment


@pytest.mark.parametrize(
    ("token", "around", "seen"),
    [
        ("tok-1234", {"A": "tok-1234", "B": "Bearer tok-1234", "C": "tok"}, {"C"}),
        ("x", {"A": "x", "B": "/usr/bin/xargs"}, {"B"}),
        ("", {"A": "", "B": "b"}, {"A", "B"}),
    ],
)
def test_a_command_sees_the_token_under_no_name(
    token: str, around: dict[str, str], seen: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"TOKEN": token, **around})
    assert set(source_environment(["TOKEN"], [token])) == seen
