"""A recording is paused by the operator who speaks: what the switch is told, what is written, what his desk shows."""

import pytest

from acd.engine.board import BoardTape
from acd.model import commands as c
from acd.model import events as ev
from acd.model import facts as f
from acd.model.ids import CallId, LineId, OperatorId
from tests.engine.house import House

A = CallId("a")
ANNA = OperatorId("anna")
TAPE = "a-1.2"
PAUSE, RESUME = c.PauseRecording(TAPE, A, None, on=True), c.PauseRecording(TAPE, A, None, on=False)


@pytest.fixture
def house() -> House:
    """Anna speaks with A, and they are recorded."""
    house = House()
    house.on_duty("anna")
    house.call("a")
    house.answer(house.last_offer())
    house.tell(f.RecordingBegan(TAPE, A, None, LineId("info"), house.now))
    return house


def wants(house: House, *, on: bool = True, by: str = "olga") -> None:
    house.tell(f.OperatorPausesRecording(ANNA, by, on))


def tape(house: House) -> BoardTape | None:
    desk = house.engine.desk(ANNA)
    assert desk is not None
    shown = [one.tape for one in house.engine.board(house.now).operators if one.operator == ANNA]
    assert shown == [None if desk.call is None else desk.call.tape]
    return shown[0]


def told(house: House) -> list[ev.Event]:
    kinds = ev.RecordingPaused | ev.RecordingResumed | ev.RecordingUnchanged | ev.MoveRefused
    return [one for one in house.events if isinstance(one, kinds)]


def test_it_is_paused_when_the_switch_says_so_and_by_whom_is_written_down(house: House) -> None:
    assert tape(house) == BoardTape(None, refused=False)
    wants(house)
    assert house.commands[-1] == PAUSE
    assert tape(house) == BoardTape(None, refused=False)
    began = house.now
    house.tell(f.RecordingPaused(TAPE, A, None, began))
    assert tape(house) == BoardTape(began, refused=False)
    house.now += 40
    wants(house, on=False, by="sven")
    assert house.commands[-1] == RESUME
    house.tell(f.RecordingResumed(TAPE, A, None, house.now))
    assert tape(house) == BoardTape(None, refused=False)
    assert told(house) == [
        ev.RecordingPaused(began, TAPE, A, None, ANNA, "olga", began),
        ev.RecordingResumed(house.now, TAPE, A, None, ANNA, "sven", house.now, 40.0),
    ]


def test_what_is_so_already_is_not_asked_for_and_not_told_twice(house: House) -> None:
    wants(house, on=False)
    wants(house)
    wants(house)
    house.tell(f.RecordingPaused(TAPE, A, None, house.now))
    house.tell(f.RecordingPaused(TAPE, A, None, house.now))
    wants(house)
    assert house.sent(c.PauseRecording) == [PAUSE, PAUSE]
    assert len(told(house)) == 1


def test_the_operator_sees_that_the_switch_refused_until_it_does_as_he_wants(house: House) -> None:
    wants(house)
    house.tell(f.RecordingUnchanged(TAPE, A, None))
    assert tape(house) == BoardTape(None, refused=True)
    assert told(house) == [ev.RecordingUnchanged(house.now, TAPE, A, None, ANNA, "olga", runs=True)]
    wants(house)
    assert tape(house) == BoardTape(None, refused=False)
    house.tell(f.RecordingPaused(TAPE, A, None, house.now))
    assert tape(house) == BoardTape(house.now, refused=False)


def test_without_a_link_he_sees_it_at_once(house: House) -> None:
    house.tell(f.LinkLost("cut off"))
    wants(house)
    assert house.sent(c.PauseRecording) == []
    assert tape(house) == BoardTape(None, refused=True)


def test_where_nothing_is_recorded_nothing_is_paused(house: House) -> None:
    house.tell(f.RecordingOver(TAPE, A, None, house.now))
    assert tape(house) is None
    wants(house)
    house.hang_up("a")
    wants(house)
    assert house.sent(c.PauseRecording) == []
    assert [type(one) for one in told(house)] == [ev.MoveRefused, ev.MoveRefused]


def test_of_what_is_not_written_nothing_is_paused_and_the_operator_sees_it(house: House) -> None:
    wants(house)
    house.tell(f.RecordingMissing("a-1.3", A, None))
    assert tape(house) == BoardTape(None, refused=False)
    house.tell(f.RecordingMissing(TAPE, A, None))
    assert tape(house) == BoardTape(None, refused=False, missing=True)
    house.tell(f.RecordingPaused(TAPE, A, None, house.now))
    wants(house)
    assert house.sent(c.PauseRecording) == [PAUSE]
    assert [type(one) for one in told(house)] == [ev.MoveRefused]
    house.tell(f.RecordingOver(TAPE, A, None, house.now))
    house.tell(f.RecordingMissing(TAPE, A, None))
    assert tape(house) is None


def test_a_late_word_about_a_recording_that_is_over_changes_nothing(house: House) -> None:
    wants(house)
    house.tell(f.RecordingBegan("a-1.3", A, None, LineId("info"), house.now))
    house.tell(f.RecordingOver(TAPE, A, None, house.now))
    house.tell(f.RecordingPaused(TAPE, A, None, house.now))
    assert tape(house) == BoardTape(None, refused=False)
    assert told(house) == []


def test_a_hold_keeps_it_paused_and_so_does_the_next_talk_of_who_is_passed_on(house: House) -> None:
    wants(house)
    house.tell(f.RecordingPaused(TAPE, A, None, house.now))
    house.tell(f.TalkHeld(A, house.now))
    house.tell(f.TalkResumed(A, house.now))
    assert tape(house) == BoardTape(house.now, refused=False)
    house.tell(f.RecordingBegan("a-1.3", A, None, LineId("info"), house.now, paused=True))
    assert house.commands[-1] == c.PauseRecording("a-1.3", A, None, on=True)
    house.tell(f.RecordingPaused("a-1.3", A, None, house.now))
    assert [one.by for one in house.events if isinstance(one, ev.RecordingPaused)] == ["olga", "engine"]


@pytest.mark.parametrize("paused_at", [None, 1_800_000_001.0])
def test_after_a_restart_it_is_as_the_switch_shows_it(house: House, paused_at: float | None) -> None:
    fresh = House(linked=False)
    fresh.on_duty("anna")
    seen = f.CallSeen(
        A,
        f.CallWhereabouts.TALK,
        house.now,
        line=LineId("info"),
        entered_at=house.now,
        offer=house.last_offer().offer,
        device=house.last_offer().device,
        answered_at=house.now,
        dialled=True,
        tape=f.RecordingSeen(TAPE, paused_at),
    )
    fresh.link(seen)
    assert tape(fresh) == BoardTape(paused_at, refused=False)
    wants(fresh, on=paused_at is None)
    assert fresh.commands[-1] == (PAUSE if paused_at is None else RESUME)
    # The link breaks before it is answered; by then the recording is over.
    fresh.link(f.CallSeen(A, f.CallWhereabouts.AFTER, house.now, line=LineId("info"), entered_at=house.now))
    assert tape(fresh) is None
