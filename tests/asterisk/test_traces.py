"""Every recorded session, replayed to its expected story.

The stories in ``stories/`` were each read beside the description of the trace; one that changes is to be read again.
"""

from collections import Counter
from pathlib import Path

import pytest

from acd.asterisk.events import EventReader
from acd.asterisk.frames import FrameParser
from acd.asterisk.recording import Piece, read_recording
from acd.asterisk.replay import replay
from acd.model import facts as f
from tests.asterisk.dialect import rewrite
from tests.asterisk.story import story

TRACES = Path(__file__).parent.parent / "traces"
STORIES = Path(__file__).parent / "stories"
NAMES = sorted(path.name.removesuffix(".recv") for path in TRACES.glob("*.recv"))


def facts_of(name: str) -> list[f.Fact]:
    return [fact for _, fact in replay(read_recording(TRACES / name), rewrite)]


def test_all_traces_have_a_story() -> None:
    assert len(NAMES) == 61
    assert sorted(path.stem for path in STORIES.glob("*.story")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_trace_tells_its_story(name: str) -> None:
    _, _, expected = (STORIES / f"{name}.story").read_text().partition("\n\n")
    assert story(replay(read_recording(TRACES / name), rewrite)) == expected


_BEGINS_TALK = f.OfferAnswered | f.FallbackAnswered | f.ColleagueAnswered


@pytest.mark.parametrize("name", NAMES)
def test_each_caller_leaves_once_and_each_talk_ends_once(name: str) -> None:
    facts = facts_of(name)
    for kind in (f.CallGone, f.CallQueued):
        calls = [fact.call for fact in facts if isinstance(fact, kind)]
        assert len(calls) == len(set(calls))
    # Who was put through to a colleague has a second talk.
    talked = Counter(fact.call for fact in facts if isinstance(fact, _BEGINS_TALK))
    assert Counter(fact.call for fact in facts if isinstance(fact, f.TalkEnded)) <= talked


@pytest.mark.parametrize("name", NAMES)
def test_a_real_asterisk_never_trips_the_tripwire(name: str) -> None:
    """Each message as it came, our dialplan's words or not."""
    parser, reader = FrameParser(), EventReader()
    parser.receive((TRACES / f"{name}.recv").read_bytes())
    count = 0
    while (frame := parser.next()) is not None:
        count += 1
        if not frame.get("UserEvent").startswith("Acd"):
            reader.read(frame)
    assert count > 0
    assert parser.pending == 0 or name == "52-asterisk-kill9.engine"


@pytest.mark.parametrize("name", ["05-operator-no-answer.engine", "28-sip-attended-transfer.engine"])
def test_chunks_make_no_difference(name: str) -> None:
    """The stream cut in two at every byte, and fed byte by byte."""
    data = (TRACES / f"{name}.recv").read_bytes()
    whole = [fact for _, fact in replay([Piece(0, True, data)], rewrite)]
    assert whole == facts_of(name)
    for at in range(1, len(data), 7):
        pieces = [Piece(0, True, data[:at]), Piece(1, True, data[at:])]
        assert [fact for _, fact in replay(pieces, rewrite)] == whole
    bytewise = [Piece(0, True, data[at : at + 1]) for at in range(len(data))]
    assert [fact for _, fact in replay(bytewise, rewrite)] == whole


def test_a_session_cut_off_at_any_byte_tells_the_beginning_of_the_story() -> None:
    name = "04-operator-busy-486.engine"
    data, whole = (TRACES / f"{name}.recv").read_bytes(), facts_of(name)
    lengths = set()
    for at in range(len(data)):
        told = [fact for _, fact in replay([Piece(0, True, data[:at])], rewrite)]
        assert told == whole[: len(told)]
        lengths.add(len(told))
    assert lengths == set(range(len(whole) + 1))


def test_all_that_was_waiting_is_found_again() -> None:
    """45: three callers wait, one talks; the lists of an engine that has just logged in."""
    seen = next(fact for fact in facts_of("45-resync-lists.full") if isinstance(fact, f.SwitchSeen))
    waiting = [call for call in seen.calls if call.where is f.CallWhereabouts.WAIT]
    assert [call.entered_at for call in waiting] == [1795301710.046, 1795301710.047, 1795301710.051]
    (talking,) = [call for call in seen.calls if call.where is f.CallWhereabouts.TALK]
    assert (talking.offer, talking.device, talking.dialled) == (1, "1001", True)
    assert talking.entered_at == 1795301708.617
    assert seen.phones["1001"] is f.PhoneState.BUSY  # type: ignore[index]
    assert len(seen.phones) == 508
