import base64
import zlib

from hypothesis import given
from hypothesis import strategies as st

from fastflow.report.html.logs import LONGEST_LINE, SMALL, PackedLog, pack

from .archives import log_of

INERT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


def unpacked(log: PackedLog) -> list[str]:
    texts = [zlib.decompress(base64.b64decode(block.data)).decode() for block in log.blocks]
    return [line for text in texts for line in text.split("\n")]


def test_a_small_log_stands_in_the_page_as_it_is() -> None:
    log = pack("web.test", "one\n\nthree\n")
    assert (log.text, log.lines, log.bytes, log.blocks) == ("one\n\nthree", 3, 11, ())


def test_an_empty_log_has_no_lines() -> None:
    assert pack("web.test", "").lines == 0


def test_a_long_log_is_packed_whole_and_its_last_lines_can_be_read_without_a_script() -> None:
    text = log_of(5_000)
    log = pack("web.test", text)
    assert unpacked(log) == text.splitlines()
    assert text.endswith(log.text + "\n")
    assert 10 < len(log.text.splitlines()) < 100


def test_blocks_tell_their_first_line_and_how_many_they_have() -> None:
    blocks = pack("web.test", log_of(2_500)).blocks
    assert [(block.first, block.lines) for block in blocks] == [(1, 1_000), (1_001, 1_000), (2_001, 500)]


def test_blocks_of_long_lines_end_earlier() -> None:
    blocks = pack("web.test", ("x" * 10_000 + "\n") * 100).blocks
    assert [block.lines for block in blocks] == [25, 25, 25, 25]


def test_an_endless_line_is_cut_and_says_so() -> None:
    log = pack("web.test", "x" * (LONGEST_LINE + 1_234))
    (line,) = unpacked(log)
    assert line == "x" * LONGEST_LINE + " … and 1,234 characters more"
    assert len(log.text) <= SMALL


def test_terminal_colours_are_dropped_and_control_characters_shown() -> None:
    log = pack("x", "\x1b[1;31mred\x1b[0m \x1b]0;title\x07a\x00b\u202ec\r\n\tend\ud800\x1b")
    assert log.text == "red a\u2400b\ufffdc\n\tend\ufffd\u241b"


@given(st.lists(INERT, max_size=60), st.integers(1, 40))
def test_packing_loses_nothing(lines: list[str], times: int) -> None:
    text = "".join(f"{line}\n" for line in lines * times)
    log = pack("web.test", text)
    read = unpacked(log) if log.blocks else log.text.split("\n")[: log.lines]
    assert read == lines * times
    assert log.lines == len(lines * times)
