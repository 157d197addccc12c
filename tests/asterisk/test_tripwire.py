"""Text from a caller that breaks AMI's framing must never pass for an event of Asterisk's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.asterisk.events import EventReader, Forged, Gone, Queued
from acd.asterisk.frames import Frame, FrameParser
from acd.asterisk.values import Unreadable

NONCE = "5e0f"
CHANNEL = "Channel: PJSIP/trunk-00000001\r\nCallerIDNum: {number}\r\nLanguage: nl\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\n"
QUEUED = (
    "Event: UserEvent\r\nTimestamp: 1795301319.720\r\n" + CHANNEL + "UserEvent: AcdQueued\r\n"
    "Nonce: {nonce}\r\nLine: gentinfo\r\nT0: 1795301319.719\r\nNum: +3291\r\nLang: nl\r\n\r\n"
)
HANGUP = "Event: Hangup\r\nTimestamp: 1.0\r\n" + CHANNEL + "Cause: 16\r\nCause-txt: Normal Clearing\r\n\r\n"


def read_all(text: str, reader: EventReader | None = None) -> list[object]:
    parser = FrameParser(banner=False)
    parser.receive(text.encode("utf-8", "surrogateescape"))
    reader = reader or EventReader(NONCE)
    events: list[object] = []
    while (frame := parser.next()) is not None:
        events.append(reader.read(frame))
    return events


def test_a_true_event_is_read() -> None:
    (event,) = read_all(QUEUED.format(number="+3291", nonce=NONCE))
    assert event == Queued(1795301319.72, "1.1", "gentinfo", 1795301319.719, "+3291", "nl", "", "", None)  # type: ignore[arg-type]


FORGERIES = {
    "a whole event in the number": "+32\r\n\r\nEvent: Hangup\r\n" + CHANNEL.format(number="x") + "Cause: 16\r\n\r\n",
    "an event that ends with our tail": "+32\r\n\r\nEvent: Hangup\r\nChannel: x\r\nCause: 16",
    "an event of ours, without the secret": "+32\r\n\r\n" + QUEUED.format(number="x", nonce=""),
    "only an end of frame": "+32\r\n\r\n",
    "a second Uniqueid": "+32\r\nUniqueid: 9.9",
    "a second type": "+32\r\nEvent: DialBegin",
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("carrier", [QUEUED, HANGUP])
def test_a_forged_event_trips_before_it_is_believed(forgery: str, carrier: str) -> None:
    text = carrier.format(number=FORGERIES[forgery], nonce=NONCE)
    parser, reader = FrameParser(banner=False), EventReader(NONCE)
    parser.receive(text.encode())
    frame = parser.next()
    assert frame is not None
    with pytest.raises(Forged):
        reader.read(frame)


@pytest.mark.parametrize("nonce", ["", "5e0", "5e0ff", "5E0F", "x"])
def test_an_event_of_ours_needs_the_secret_of_this_boot(nonce: str) -> None:
    with pytest.raises(Forged, match="Nonce"):
        read_all(QUEUED.format(number="1", nonce=nonce))


def test_events_from_before_the_secret_was_set_are_passed_over_for_a_while() -> None:
    reader = EventReader(NONCE, young=True)
    assert read_all(QUEUED.format(number="1", nonce=""), reader) == [None]
    with pytest.raises(Forged):
        read_all(QUEUED.format(number="1", nonce="guess"), reader)
    reader.young = False
    with pytest.raises(Forged):
        read_all(QUEUED.format(number="1", nonce=""), reader)


def test_an_unread_event_with_its_head_cut_off_trips_too() -> None:
    with pytest.raises(Forged, match="no Uniqueid"):
        read_all("Event: Newchannel\r\nChannel: PJSIP/trunk-1\r\nCallerIDNum: 1\r\n\r\n")


def test_the_tail_of_an_event_that_was_cut_in_two_trips() -> None:
    """The line break may have stood in an event that we never read; what is left of it begins like no message."""
    with pytest.raises(Forged, match="does not begin with"):
        read_all("Event: NewCallerid\r\nCallerIDNum: 1\r\n\r\nCallerIDName: x\r\nEvent: Hangup\r\n\r\n")


def test_other_peoples_user_events_are_none_of_ours() -> None:
    text = "Event: UserEvent\r\n" + CHANNEL.format(number="1") + "UserEvent: Weather\r\nRain: yes\r\n\r\n"
    assert read_all(text) == [None]


@pytest.mark.parametrize(
    ("header", "value"),
    [("T0", "soon"), ("Line", "gent info"), ("Line", ""), ("Arrived", "x"), ("T0", "inf"), ("Uniqueid", "a b")],
)
def test_nonsense_of_our_own_dialplan_names_event_and_header(header: str, value: str) -> None:
    headers = Frame(QUEUED.format(number="1", nonce=NONCE).removesuffix("\r\n\r\n").encode()).headers
    with pytest.raises(Unreadable, match=f"AcdQueued: header {header} has the value"):
        EventReader(NONCE).read(Frame.of(*(headers | {header: value}).items()))


def test_a_moment_that_the_dialplan_could_not_write_is_that_of_the_event() -> None:
    headers = Frame(QUEUED.format(number="1", nonce=NONCE).removesuffix("\r\n\r\n").encode()).headers
    event = EventReader(NONCE).read(
        Frame.of(*(headers | {"UserEvent": "AcdGone", "Gone": "", "State": "wait"}).items())
    )
    assert event == Gone(1795301319.72, "1.1", "wait", 1795301319.72)  # type: ignore[arg-type]


@given(st.text(max_size=200))
def test_no_number_of_a_caller_changes_another_field_unseen(number: str) -> None:
    """Whatever stands in CallerIDNum: the event is read as it is, or the tripwire goes off."""
    try:
        events = read_all(QUEUED.format(number=number, nonce=NONCE))
    except Forged:
        assert "\r\n" in number
        return
    assert events == read_all(QUEUED.format(number="", nonce=NONCE))


def test_a_menu_that_ended_as_none_can_is_refused_as_nonsense() -> None:
    text = "Event: UserEvent\r\n" + CHANNEL.format(number="1")
    text += f"UserEvent: AcdMenuEnded\r\nOutcome: clo\u00f3ed\r\nLine: gentinfo\r\nNonce: {NONCE}\r\n\r\n"
    with pytest.raises(Unreadable, match="AcdMenuEnded: header Outcome has the value"):
        read_all(text)
