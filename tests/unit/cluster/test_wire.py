"""An agent's messages through a log that may begin again, stop, or hold what others print."""

from hypothesis import given
from hypothesis import strategies as st

from fastflow.cluster.wire import Message, Reader, Writer

LONGEST_LINE = 16_000  # what an engine leaves whole


def lines_of(*messages: Message) -> list[str]:
    lines: list[str] = []
    writer = Writer(lines.append)
    for message in messages:
        more = {key: value for key, value in message.items() if key != "type"}
        writer.send(str(message["type"]), **more)
    return [line.removesuffix("\n") for line in lines]


def read(reader: Reader, lines: list[str]) -> list[Message]:
    return [message for line in lines for message in reader.take(line)]


texts = st.text(max_size=40) | st.integers(0, 3).map(lambda size: 'é\n"' * 5_000 * size)
messages = st.lists(st.fixed_dictionaries({"type": st.sampled_from(["event", "beat"]), "text": texts}), max_size=6)


@given(messages)
def test_messages_arrive_as_they_were_sent(sent: list[Message]) -> None:
    lines = lines_of(*sent)
    assert read(Reader(), lines) == sent
    assert all(len(line) < LONGEST_LINE and "\n" not in line for line in lines)


@given(messages, st.data())
def test_a_log_that_begins_again_tells_nothing_twice(sent: list[Message], data: st.DataObject) -> None:
    lines = lines_of(*sent)
    stopped = data.draw(st.integers(0, len(lines)))
    assert read(Reader(), lines[:stopped] + lines) == sent


@given(messages, st.data())
def test_after_a_gap_nothing_is_taken_until_the_log_is_read_again(sent: list[Message], data: st.DataObject) -> None:
    lines = lines_of(*sent)
    lost = data.draw(st.integers(0, max(0, len(lines) - 2)))
    reader = Reader()
    before = read(reader, lines[:lost])
    after = read(reader, lines[lost + 1 :])
    assert after == []
    assert reader.has_gap == (len(lines) > lost + 1)
    assert before + read(reader, lines) == sent


def test_what_others_print_is_kept_apart() -> None:
    reader = Reader()
    (line,) = lines_of({"type": "beat"})
    strange = ["Traceback (most recent call last):", "ff", "ff x . {}", "ff 2 ? {}"]
    assert read(reader, [*strange, line]) == [{"type": "beat"}]
    assert list(reader.stray) == strange
