"""Files of variables in the dialect of Docker Compose."""

from pathlib import Path

import pytest

from fastflow.spec.dotenv import EnvSyntaxError, parse_env, parse_env_symbols, parse_raw
from fastflow.spec.values import EnvFile, EnvFileError, Values, read_env_file
from tests.unit.spec.dotenv_cases import BAD, ENVIRONMENT, GOOD


@pytest.mark.parametrize("text", GOOD)
def test_a_line_has_the_value_that_compose_reads(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.env").write_bytes(text.encode())
    found = Values(ENVIRONMENT, [read_env_file(tmp_path / "x.env")])
    assert found == {**GOOD[text], **ENVIRONMENT}


@pytest.mark.parametrize("text", BAD)
def test_what_compose_refuses_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(EnvSyntaxError) as caught:
        parse_env(text, {}, ENVIRONMENT.get)
    assert caught.value.line == BAD[text]


def test_a_file_refers_to_the_environment_then_to_files_before_it() -> None:
    first, second = EnvFile(Path("a"), "A=1\nB=$A\nX=$X\n"), EnvFile(Path("b"), "B=${B}b\nC=$A$D\nA=2\n")
    found = Values({"D": "d"}, [first, second])
    assert found == {"A": "2", "B": "1b", "X": "", "C": "1d", "D": "d"}
    assert found.over({"A": "9"})["B"] == "9b"
    assert found.under([EnvFile(Path("c"), "D=c\nE=$D$A\n"), EnvFile(Path("a"), "Y=1\n")]) == {**found, "E": "d"}


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (b"A=1\n\nB=contrase\xf1a\n", "line 3: not UTF-8", "iconv -f ISO-8859-1 -t UTF-8"),
        (b"\xff\xfeA\0=\x001\0", "line 1: not UTF-8", "iconv -f UTF-16 -t UTF-8"),
        (b"A=1\nB=x\0\n", "line 2: it contains a NUL byte", "remove the NUL byte"),
    ],
)
def test_a_file_that_is_no_text_names_its_line_and_what_to_do(
    content: bytes, message: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(EnvFileError) as caught:
        read_env_file(tmp_path / ".env")
    assert str(caught.value) == f"the file of variables {tmp_path / '.env'}, {message}"
    assert hint in caught.value.hint


def test_a_line_that_compose_refuses_names_the_file_and_shows_nothing_of_it() -> None:
    with pytest.raises(EnvFileError) as caught:
        Values({}, [EnvFile(Path("x.env"), "A=1\nPASSWORD OF MINE=s3cret\n")])
    assert str(caught.value) == "the file of variables x.env, line 2: the name of a variable cannot contain a space"


def test_without_values_each_value_is_a_template() -> None:
    found = parse_env_symbols("A=$B\nC='$D'\nE=\"\\$F\"\nG\nH=1\n")
    assert found == {"A": "$B", "C": "$$D", "E": "$$F", "G": None, "H": "1"}


def test_the_raw_format_knows_neither_quotes_nor_variables() -> None:
    found = parse_raw("# c\nA='x' # y\n  B=$C\nOTHER\nUNSET\nD=\n", ENVIRONMENT.get)
    assert found == {"A": "'x' # y", "B": "$C", "OTHER": "from outside", "UNSET": None, "D": ""}
