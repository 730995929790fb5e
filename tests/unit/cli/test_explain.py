import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli


@pytest.mark.parametrize("name", ["scope-open", "[scope-open]"])
def test_a_rule_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["explain", name]) == 0
    assert capsys.readouterr().out.startswith("scope-open\n")


def test_without_a_rule_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["explain"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Errors\n")
    assert "build-id-collision" in out


def test_an_unknown_rule_is_a_wrong_usage_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["explain", "bild-id-colision"]) == 2
    assert "did you mean `build-id-collision`?" in capsys.readouterr().err
    assert guarded(cli, ["explain", "zzz"]) == 2
    assert "all rules: fastflow explain" in capsys.readouterr().err
