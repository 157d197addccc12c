"""Who looks when, and whose turn it is: cases small enough to work out by hand."""

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.engine.core import Engine
from acd.model import facts as f
from acd.model.events import CallEnteredLine, CallOffered, OperatorChanged, OutcomeCounted
from acd.model.ids import CallId, Device, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from sim.app_queue import Settings
from tests.sim_app_queue.hall import Hall, Hand, Rung, city, line

ONE = city(line(), anna=1)
TWO = city(line(), anna=1, bert=1)


def delay(joins: float, frees: float, router: type[Engine] | None = None) -> float:
    """Seconds that Anna stays idle between two callers, of whom the second joined at ``joins``."""
    hall = Hall(ONE, hands={"anna": Hand(talks=frees)}, router=router)
    hall.call(0, "first")
    hall.call(joins, "second")
    hall.run(frees + 2)
    assert [rung.caller for rung in hall.rung] == ["first", "second"]
    return hall.rung[1].at - frees


def test_a_caller_who_finds_somebody_free_is_served_at_once() -> None:
    hall = Hall(ONE)
    hall.call(0.3, "x")
    hall.run(5)
    assert hall.rung == [(0.3, "x", "anna")]
    assert hall.answered == {"x": 0.3}


def test_nobody_is_woken_when_an_operator_becomes_free() -> None:
    assert delay(joins=0.3, frees=5.0) == pytest.approx(0.3)
    assert delay(joins=0.3, frees=5.4) == pytest.approx(0.9)
    assert delay(joins=0.3, frees=5.4, router=Engine) == 0


@given(st.integers(1, 4999), st.integers(5000, 9999))
def test_the_next_look_is_less_than_a_second_away(joins: int, frees: int) -> None:
    assert delay(joins / 1000, frees / 1000) == pytest.approx(-(frees - joins) % 1000 / 1000, abs=1e-4)


def test_on_average_an_operator_stays_idle_for_half_a_second() -> None:
    delays = [delay(joins=k / 200, frees=7.0) for k in range(1, 201)]
    assert fmean(delays) == pytest.approx(0.5, abs=0.005)
    assert sum(each < 0.25 for each in delays) == pytest.approx(50, abs=1)
    assert max(delays) < 1


def test_whoever_looks_first_may_have_to_let_another_go_first() -> None:
    hall = Hall(ONE, hands={"anna": Hand(talks=5.0)})
    hall.call(0, "x")
    hall.call(0.9, "first")
    hall.call(1.1, "second")
    hall.run(12)
    # The second looks at 5.1, when it is the first one's turn, who looks at 5.9.
    assert hall.rung == [(0, "x", "anna"), (5.9, "first", "anna"), (11.1, "second", "anna")]


def two_wait(settings: Settings) -> list[Rung]:
    hall = Hall(TWO, settings, {"anna": Hand(talks=5.0), "bert": Hand(talks=4.9)})
    hall.call(0.05, "x")
    hall.call(0.1, "y")
    hall.call(0.9, "first")
    hall.call(1.2, "second")
    hall.run(6.3)
    return hall.rung[2:]


def test_with_two_free_members_it_is_the_turn_of_two_callers() -> None:
    assert two_wait(Settings()) == [(5.2, "second", "anna"), (5.9, "first", "bert")]


def test_without_autofill_only_the_first_caller_is_served() -> None:
    assert two_wait(Settings(autofill=False)) == [(5.9, "first", "anna"), (6.2, "second", "bert")]


def test_a_caller_for_whom_a_phone_rings_holds_nobody_up() -> None:
    hall = Hall(TWO, hands={"anna": Hand(answers_after=8.0), "bert": Hand(talks=3.0)})
    hall.call(0, "x")
    hall.call(0.5, "y")
    hall.call(1.0, "z")
    hall.run(20)
    assert hall.rung == [(0, "x", "anna"), (0.5, "y", "bert"), (4.0, "z", "bert")]


def test_whoever_sleeps_after_a_try_in_vain_holds_up_those_behind_him() -> None:
    hall = Hall(ONE, Settings(retry=5), {"anna": Hand(answers_after=None)})
    hall.call(0, "first")
    hall.call(3.5, "second")
    hall.run(24.9)
    assert hall.rung == [(0, "first", "anna"), (15, "first", "anna")]


def test_retry_0_counts_as_5() -> None:
    assert Settings(retry=0).sleep == 5
    with pytest.raises(ValueError, match="retry must not be negative: -1"):
        Settings(retry=-1)


def test_after_a_try_in_vain_he_looks_once_a_second_from_then_on() -> None:
    hall = Hall(ONE, hands={"anna": Hand(answers_after=None)})
    hall.call(0.2, "x")
    hall.at(5.0, f.OperatorNotReady(OperatorId("anna"), "anna", "pauze"))
    hall.at(12.5, f.OperatorReady(OperatorId("anna"), "anna"))
    hall.run(13.3)
    assert hall.rung == [(0.2, "x", "anna"), (13.2, "x", "anna")]


def test_a_phone_rings_for_whole_seconds() -> None:
    hall = Hall(city(line(ring_time=9.2), anna=1), hands={"anna": Hand(answers_after=9.5)})
    hall.call(0, "x")
    hall.run(20)
    assert hall.answered == {"x": 9.5}


def test_a_caller_who_hangs_up_makes_room() -> None:
    hall = Hall(ONE, hands={"anna": Hand(answers_after=8.0)})
    hall.call(0, "x")
    hall.call(0.5, "y")
    hall.call(0.7, "z")
    hall.hang_up(3.0, "x")
    hall.hang_up(3.2, "y")
    hall.run(5)
    assert hall.rung == [(0, "x", "anna"), (3.7, "z", "anna")]
    outcomes = {event.call: event.outcome for event in hall.of(OutcomeCounted)}
    assert outcomes == {"x": Outcome.ABANDONED_SHORT, "y": Outcome.ABANDONED_SHORT}


# --- Between queues ------------------------------------------------------------------------------------------------


def both_wait(priority: int) -> list[str]:
    """Anna serves two lines; whoever waits on ``b`` joined later, and looks sooner."""
    hall = Hall(city(line("a", priority=priority), line("b"), anna={"a": 1, "b": 1}), hands={"anna": Hand(talks=5.0)})
    hall.call(0, "x", "a")
    hall.call(0.8, "long", "a")
    hall.call(3.3, "short", "b")
    hall.run(12)
    return [rung.caller for rung in hall.rung]


def test_between_queues_chance_decides() -> None:
    assert both_wait(priority=0) == ["x", "short", "long"]


def test_unless_one_weighs_more() -> None:
    assert both_wait(priority=1) == ["x", "long", "short"]


def test_weight_counts_only_where_members_are_short() -> None:
    """Two are free and the heavier queue has one caller: the lighter one may have the other."""
    hall = Hall(city(line("a", priority=1), line("b"), anna={"a": 1, "b": 1}, bert={"a": 1, "b": 1}))
    hall.hands = {"anna": Hand(talks=5.0), "bert": Hand(talks=5.0)}
    for at, caller, on in ((0, "x", "a"), (0, "y", "a"), (0.8, "long", "a"), (3.3, "short", "b")):
        hall.call(at, caller, on)
    hall.run(6)
    assert [rung.caller for rung in hall.rung] == ["x", "y", "short", "long"]


# --- Who may be rung -----------------------------------------------------------------------------------------------


def test_wrap_up_ends_on_a_whole_second() -> None:
    hall = Hall(city(line(wrap_up=10.4), anna=1), hands={"anna": Hand(talks=5.7)})
    hall.call(0, "x")
    hall.call(0.4, "y")
    hall.run(30)
    assert hall.rung == [(0, "x", "anna"), (15.4, "y", "anna")]
    changes = [event for event in hall.of(OperatorChanged) if event.before is OperatorState.WRAP_UP]
    assert changes[0].at % 1 == 0 and changes[0].state is OperatorState.AVAILABLE


def after_a_call_on_a(wrap_up_a: float, wrap_up_b: float, settings: Settings) -> float:
    """When Anna is rung for a caller of ``b`` (who looks at .5) after a call on ``a`` that ended at 5.2."""
    lines = line("a", wrap_up=wrap_up_a), line("b", wrap_up=wrap_up_b)
    hall = Hall(city(*lines, anna={"a": 1, "b": 1}), settings, {"anna": Hand(talks=5.2)})
    hall.call(0, "x", "a")
    hall.call(1.5, "y", "b")
    hall.run(40)
    assert [rung.caller for rung in hall.rung] == ["x", "y"]
    return hall.rung[1].at


def test_wrap_up_of_one_line_holds_for_the_others() -> None:
    assert after_a_call_on_a(10, 10, Settings()) == 15.5
    assert after_a_call_on_a(10, 3, Settings()) == 15.5
    assert after_a_call_on_a(10, 0, Settings()) == 15.5


def test_the_longer_wrap_up_of_the_waiting_line_holds_as_well() -> None:
    assert after_a_call_on_a(10, 20, Settings()) == 25.5
    assert after_a_call_on_a(0, 20, Settings()) == 25.5


def test_without_shared_lastcall_another_line_cuts_into_the_wrap_up() -> None:
    assert after_a_call_on_a(10, 10, Settings(shared_lastcall=False)) == 5.5


def test_whoever_is_not_ready_is_not_rung() -> None:
    hall = Hall(ONE)
    hall.at(0, f.OperatorNotReady(OperatorId("anna"), "anna", "pauze"))
    hall.call(1.3, "x")
    hall.at(5.0, f.OperatorReady(OperatorId("anna"), "anna"))
    hall.run(10)
    assert hall.rung == [(5.3, "x", "anna")]


def test_a_phone_in_use_is_not_rung() -> None:
    hall = Hall(ONE)
    hall.at(0, f.PhoneChanged(Device("anna"), f.PhoneState.BUSY))
    hall.call(1.3, "x")
    hall.at(5.0, f.PhoneChanged(Device("anna"), f.PhoneState.IDLE))
    hall.run(10)
    assert hall.rung == [(5.3, "x", "anna")]


def test_a_phone_that_nobody_answers_rings_again() -> None:
    hall = Hall(ONE, hands={"anna": Hand(answers_after=None)})
    hall.call(0, "x")
    hall.run(25)
    assert [rung.at for rung in hall.rung] == [0, 11, 22]


def test_autopause() -> None:
    hall = Hall(ONE, Settings(autopause=True), {"anna": Hand(answers_after=None)})
    hall.call(0, "x")
    hall.at(30.5, f.OperatorReady(OperatorId("anna"), "anna"))
    hall.run(35)
    assert [rung.at for rung in hall.rung] == [0, 31]


# --- Full, empty, sent elsewhere -----------------------------------------------------------------------------------


def test_an_empty_queue_is_left_when_the_settings_say_so() -> None:
    hall = Hall(ONE, Settings(leave_when_empty=True), {"anna": Hand(talks=5.0)})
    hall.call(0, "x")
    hall.call(0.4, "y")
    hall.at(3.0, f.OperatorLoggedOut(OperatorId("anna"), "anna"))
    hall.run(10)
    assert hall.deflected == [(3.4, "y")]
    assert [(event.call, event.outcome) for event in hall.of(OutcomeCounted)][1:] == [("y", Outcome.REFUSED)]


def test_callers_stay_in_an_empty_queue_otherwise() -> None:
    hall = Hall(ONE)
    hall.at(0, f.OperatorLoggedOut(OperatorId("anna"), "anna"))
    hall.call(0.4, "y")
    hall.at(60.0, f.OperatorLoggedIn(OperatorId("anna"), "anna"))
    hall.at(60.0, f.OperatorReady(OperatorId("anna"), "anna"))
    hall.run(70)
    assert hall.rung == [(60.4, "y", "anna")]


def test_a_full_or_unstaffed_line_turns_callers_away() -> None:
    settled = line(capacity=1, when_full=OverflowTo.REFUSE, when_unstaffed=OverflowTo.REFUSE)
    hall = Hall(city(settled, anna=1), hands={"anna": Hand(talks=9.0)})
    for at, caller in ((0, "x"), (1, "y"), (2, "full")):
        hall.call(at, caller)
    hall.at(11.0, f.OperatorLoggedOut(OperatorId("anna"), "anna"))
    hall.call(12, "unstaffed")
    hall.run(30)
    assert [rung.caller for rung in hall.rung] == ["x", "y"]
    refused = [event.call for event in hall.of(OutcomeCounted) if event.outcome is Outcome.REFUSED]
    assert refused == ["full", "unstaffed"]


def test_whoever_comes_back_from_the_partner_stands_at_the_end() -> None:
    partner = line(overflow_after=3.0)
    hall = Hall(city(partner, anna=1), hands={"anna": Hand(talks=8.0)})
    hall.call(0, "x")
    hall.call(0.5, "first")
    hall.call(4.7, "second")
    hall.at(6.6, f.OverflowFailed(CallId("first")))
    hall.at(7.9, f.OverflowFailed(CallId("second")))
    hall.run(30)
    assert hall.deflected == [(3.5, "first"), (7.7, "second")]
    # The first is ahead again only because the second was away too; he waits since 0.5 and looks at .6.
    assert [(rung.at, rung.caller) for rung in hall.rung] == [(0, "x"), (8.6, "first"), (16.9, "second")]
    assert hall.of(CallEnteredLine)[1].entered_at % 1 == 0.5
    assert hall.of(CallOffered)[1].why.waited == pytest.approx(8.1)
