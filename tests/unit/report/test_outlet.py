"""The way out: all in order, and nobody who writes waits for a reader that does not read."""

import io
import os
import threading

import pytest

from fastflow.report.encoding import encoding_for, fit, forgive
from fastflow.report.outlet import Outlet

PATIENCE = 20.0


def pipe() -> tuple[int, io.TextIOWrapper]:
    reading, writing = os.pipe()
    return reading, os.fdopen(writing, "w", encoding="utf-8")


def read_all(number: int) -> str:
    with os.fdopen(number, "rb") as reading:
        return reading.read().decode()


def ends(action: threading.Thread) -> None:
    action.start()
    action.join(PATIENCE)
    assert not action.is_alive()


def test_texts_come_out_in_order_and_whole() -> None:
    reading, out = pipe()
    outlet, texts = Outlet(out), [f"{at} ✓ {'x' * at}\n" for at in range(300)]

    def write() -> None:
        for text in texts:
            outlet.write(text)
        outlet.close()
        out.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert read_all(reading) == "".join(texts)
    thread.join(PATIENCE)


def test_reader_that_does_not_read_holds_nothing_up_and_what_is_too_much_is_counted() -> None:
    reading, out = pipe()
    outlet = Outlet(out, limit=300_000)

    def write() -> None:
        for at in range(10_000):
            outlet.write(f"{at:09} {'x' * 89}\n")
        outlet.close(patience=0.01)

    ends(threading.Thread(target=write))
    with os.fdopen(reading, "rb") as stream:
        lines = [stream.readline() for _ in range(3000)]
        assert [int(line[:9]) for line in lines] == list(range(3000)), "what came first is kept"
        rest = iter(stream.readline, b"")
        said = next(line for line in rest if line.startswith(b"..."))
    out.close()
    lost = int(said.split()[1])
    assert 10_000 - lost >= 3000
    assert said == f"... {lost} lines were left out, because they were not read in time\n".encode()


def test_reader_that_goes_away_is_no_matter() -> None:
    reading, out = pipe()
    os.close(reading)
    outlet = Outlet(out)
    outlet.write("x" * 200_000)
    ends(threading.Thread(target=outlet.close))
    outlet.write("more")
    out.close()


def test_slow_reader_is_waited_for_as_long_as_it_reads() -> None:
    reading, out = pipe()
    outlet = Outlet(out)
    outlet.write("x" * 500_000)
    closing = threading.Thread(target=outlet.close, args=(PATIENCE,))
    closing.start()
    got = 0
    while got < 500_000:
        got += len(os.read(reading, 8192))
    closing.join(PATIENCE)
    assert not closing.is_alive()
    out.close()
    os.close(reading)


def test_terminal_made_non_blocking_by_another_process_gets_all() -> None:
    reading, out = pipe()
    os.set_blocking(out.fileno(), False)
    outlet = Outlet(out)
    outlet.write("x" * 300_000)

    def close() -> None:
        outlet.close()
        out.close()

    thread = threading.Thread(target=close)
    thread.start()
    assert len(read_all(reading)) == 300_000
    thread.join(PATIENCE)


def test_stream_without_a_number_gets_text() -> None:
    out = io.StringIO()
    outlet = Outlet(out)
    outlet.write("größe ✓\n")
    outlet.close()
    assert out.getvalue() == "größe ✓\n"


def test_closed_outlet_takes_nothing() -> None:
    out = io.StringIO()
    outlet = Outlet(out)
    outlet.close()
    outlet.write("late")
    outlet.close()
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", "a+b > \\u00f6 \\ud83d\\ude00"), ("latin-1", "a+b > ö \\ud83d\\ude00"), ("utf-8", "a✓b → ö 😀")],
)
def test_what_an_encoding_lacks_is_written_otherwise(encoding: str, shown: str) -> None:
    assert fit("a✓b → ö 😀", encoding) == shown
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    forgive(stream)
    stream.write("a✓b → ö 😀")
    stream.flush()
    assert written.getvalue().decode(encoding) == shown


@pytest.mark.parametrize(
    ("environment", "encoding"),
    [
        ({}, "utf-8"),
        ({"LANG": "C"}, "ascii"),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, "ascii"),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, "utf-8"),
        ({"LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, "utf-8"),
        ({"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, "utf-8"),
    ],
)
def test_locale_c_wants_ascii_where_it_was_chosen(environment: dict[str, str], encoding: str) -> None:
    assert encoding_for(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), environment) == encoding
