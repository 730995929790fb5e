"""What several commands take."""

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.cli.options import read_duration
from fastflow.cli.up import command


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("1h30m", 5400), (None, None)])
def test_a_duration_is_written_as_in_specs(text: str | None, seconds: int | None) -> None:
    context = command.make_context("up", [])
    assert read_duration(context, command.params[0], text) == seconds


@pytest.mark.parametrize("text", ["0", "soon", "-1", "1.5m"])
def test_what_is_no_duration_is_wrong_usage(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["up", "--wait-lease", text]) == 2
    assert "expected a duration such as 90s, 15m or 1h30m" in capfd.readouterr().err
