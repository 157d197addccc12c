"""The wire: bytes in, frames out; headers in, bytes out."""

import copy
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.asterisk.frames import (
    MAX_BANNER,
    MAX_FRAME,
    Frame,
    FrameParser,
    ProtocolError,
    UnsafeValue,
    encode_action,
)

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
NAMES = st.sampled_from(["Event", "Response", "Channel", "CallerIDName", "Variable", "Output"])
VALUES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)
FRAMES = st.lists(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=6), max_size=6)


def parse(*chunks: bytes, banner: bool = False, bound: int = MAX_FRAME) -> list[list[tuple[str, str]]]:
    parser = FrameParser(banner=banner, bound=bound)
    frames = []
    for chunk in chunks:
        parser.receive(chunk)
        while (frame := parser.next()) is not None:
            frames.append(frame.pairs)
    return frames


CASES = {
    "event": (b"Event: Hangup\r\nCause: 16\r\n\r\n", [[("Event", "Hangup"), ("Cause", "16")]]),
    "empty value in the middle and at the end": (
        b"Event: X\r\nAccountCode: \r\nExten: \r\n\r\n",
        [[("Event", "X"), ("AccountCode", ""), ("Exten", "")]],
    ),
    "value with a colon": (b"Event: X\r\nAppData: a: b: c\r\n\r\n", [[("Event", "X"), ("AppData", "a: b: c")]]),
    "repeated header": (
        b"Response: Success\r\nOutput: one\r\nOutput: two\r\n\r\n",
        [[("Response", "Success"), ("Output", "one"), ("Output", "two")]],
    ),
    "failure keeps its last header": (
        b"Response: Failure\r\nActionID: 7\r\nMessage: no\r\n\r\n",
        [[("Response", "Failure"), ("ActionID", "7"), ("Message", "no")]],
    ),
    "second empty line after an error": (
        b"Response: Error\r\nMessage: No Contacts found\r\n\r\n\r\nEvent: X\r\n\r\n",
        [[("Response", "Error"), ("Message", "No Contacts found")], [("Event", "X")]],
    ),
    "UTF-8": ("Event: X\r\nName: Zoë 🎷\r\n\r\n".encode(), [[("Event", "X"), ("Name", "Zoë 🎷")]]),
    "Latin-1": (b"Event: X\r\nName: Zo\xeb\r\n\r\n", [[("Event", "X"), ("Name", "Zo\udceb")]]),
    "lone CR, LF and NUL in a value": (
        b"Event: X\r\nName: a\rb\nc\x00\r\n\r\n",
        [[("Event", "X"), ("Name", "a\rb\nc\x00")]],
    ),
    "line without a colon": (b"Event: X\r\nrubbish\r\n\r\n", [[("Event", "X"), ("rubbish", "")]]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_frame_whole_byte_by_byte_and_with_more_behind_it(case: str) -> None:
    data, expected = CASES[case]
    assert parse(data) == expected
    assert parse(*(data[at : at + 1] for at in range(len(data)))) == expected
    assert parse(data + b"Event: Y\r\nUniq") == expected
    assert parse(data + b"Event: Y\r\n\r\n") == [*expected, [("Event", "Y")]]
    assert parse(BANNER + data, banner=True) == expected
    for at in range(len(BANNER)):
        assert parse(BANNER[:at], BANNER[at:] + data, banner=True) == expected


def test_latin_1_goes_out_as_it_came_in() -> None:
    frame = Frame(b"Event: X\r\nName: Zo\xeb")
    assert frame.get("Name").encode("utf-8", "surrogateescape") == b"Zo\xeb"


def test_headers_are_told_apart_from_missing_ones_and_frames_can_be_copied() -> None:
    frame = Frame(b"Event: X\r\nAccountCode: ")
    assert "AccountCode" in frame.headers
    assert "Exten" not in frame.headers
    assert copy.copy(frame).pairs == copy.deepcopy(frame).pairs == frame.pairs


def test_repeated_headers_stay_a_list() -> None:
    frame = Frame(b"Event: Status\r\nVariable: A=1\r\nVariable: B=2")
    assert frame.repeats
    assert frame.all("Variable") == ["A=1", "B=2"]


@given(FRAMES, st.lists(st.integers(0, 2000), max_size=12))
def test_any_chunking_gives_the_same_frames(frames: list[list[tuple[str, str]]], cuts: list[int]) -> None:
    data = b"".join(b"".join(f"{n}: {v}\r\n".encode() for n, v in frame) + b"\r\n" for frame in frames)
    places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    chunks = [data[a:b] for a, b in itertools.pairwise(places)]
    assert parse(*chunks) == frames


@given(st.lists(st.binary(max_size=80) | st.sampled_from([b"\r\n", b"\r\n\r\n", b": ", BANNER]), max_size=20))
def test_whatever_comes_nothing_is_raised_but_a_protocol_error(chunks: list[bytes]) -> None:
    """And a whole stream ends as its chunks do."""

    def outcome(*pieces: bytes) -> object:
        try:
            return parse(*pieces, banner=True, bound=100)
        except ProtocolError as error:
            return len(str(error)) < 200

    whole = outcome(b"".join(chunks))
    assert whole is not False
    assert outcome(*chunks) == whole


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"A\r\n", b"\r\n"])
def test_what_does_not_greet_like_asterisk_is_refused_at_once(banner: bytes) -> None:
    with pytest.raises(ProtocolError, match="does not begin with"):
        parse(banner, banner=True)


def test_no_buffer_grows_without_bound() -> None:
    with pytest.raises(ProtocolError, match="does not begin with"):
        parse(BANNER[:-2] + b"x" * MAX_BANNER, banner=True)
    parser = FrameParser(banner=False)
    for _ in range(MAX_FRAME // 1000):
        parser.receive(b"x" * 1000)
        assert parser.next() is None
    parser.receive(b"x" * 1000)
    with pytest.raises(ProtocolError, match="more than 65536 bytes"):
        parser.next()


@given(st.integers(90, 110), st.integers(1, 120))
def test_the_bound_is_the_same_for_a_frame_in_one_piece_or_in_two(size: int, cut: int) -> None:
    data = b"E: ".ljust(size, b"x") + b"\r\n\r\n"
    for chunks in ([data], [data[:cut], data[cut:]]):
        if size > 100:
            with pytest.raises(ProtocolError):
                parse(*chunks, bound=100)
        else:
            assert len(parse(*chunks, bound=100)) == 1


def test_an_action_is_written_with_its_id_second() -> None:
    data = encode_action((("Action", "Setvar"), ("Variable", "ACD_HB"), ("Value", "")), "ab-1")
    assert data == b"Action: Setvar\r\nActionID: ab-1\r\nVariable: ACD_HB\r\nValue: \r\n\r\n"


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "\x00", "\x1b[0m", "\x7f", "\udceb"])
def test_a_value_that_would_break_out_is_not_sent(bad: str) -> None:
    with pytest.raises(UnsafeValue, match="Value must not be sent"):
        encode_action((("Action", "Setvar"), ("Value", bad)), "1")


@pytest.mark.parametrize("name", ["", "A b", "A:b", "A\r\nAction", "1x"])
def test_a_header_name_that_is_none_is_not_sent(name: str) -> None:
    with pytest.raises(UnsafeValue, match="not the name of a header"):
        encode_action((("Action", "Setvar"), (name, "x")), "1")


def test_what_asterisk_would_cut_off_is_not_sent() -> None:
    with pytest.raises(UnsafeValue, match="longer than 1024 bytes"):
        encode_action((("Action", "Setvar"), ("Value", "ë" * 510)), "1")
    with pytest.raises(UnsafeValue, match="more than 128 lines"):
        encode_action([("Action", "Setvar"), *[("Variable", "x")] * 127], "1")


@given(VALUES)
def test_what_is_sent_can_be_read_back(value: str) -> None:
    try:
        data = encode_action((("Action", "Setvar"), ("Value", value)), "1")
    except UnsafeValue:
        assert any(ord(c) < 32 or ord(c) == 127 for c in value)
        return
    assert parse(data) == [[("Action", "Setvar"), ("ActionID", "1"), ("Value", value)]]
