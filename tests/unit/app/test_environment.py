"""What a source's command sees of the caller's environment, and what another machine gets of it."""

import pytest

from fastflow.app.environment import portable_environment, source_environment


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


def test_another_machine_does_not_get_what_describes_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"PATH": "/bin", "FASTFLOW_RUNS_DIR": "/runs", "FASTFLOW_CI_ID": "1", "A": "a"})
    assert portable_environment() == {"FASTFLOW_CI_ID": "1", "A": "a"}
