"""What a supervisor does: moves a waiting call, lends an operator, switches a line, listens in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.engine.tally import Tally
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.callback import CallbackPlan, Window
from acd.model.commands import EndSpy, Reroute, SetAllowed, SetLineOpen, Spy
from acd.model.events import (
    CallEnteredLine,
    CallRerouted,
    LineOverridden,
    MoveRefused,
    OperatorLinesChanged,
    OperatorWished,
    OutcomeCounted,
    SpyEnded,
    SpyStarted,
)
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId, SpyId
from acd.model.operator import OperatorState
from acd.model.policy import CallbackRule
from acd.model.supervision import LinesStored, LineStored, Objection, SpyEnd, SpyMode, SpySeen, SpyStored
from tests.engine.house import T0, House, line, operator, policy, small_city

INFO, SPORT = LineId("info"), LineId("sport")
DAY = 86_400.0


def moved(call: str, to: str, by: str = "sven") -> f.CallMoved:
    return f.CallMoved(CallId(call), LineId(to), by)


def lent(who: str, *lines: str, until: float = T0 + DAY) -> f.OperatorLinesSet:
    return f.OperatorLinesSet(OperatorId(who), tuple(map(LineId, lines)) or None, "sven", until)


def seen(call: str, line: str, at: float, where: f.CallWhereabouts = f.CallWhereabouts.WAIT, **more: Any) -> f.CallSeen:
    return f.CallSeen(CallId(call), where, at, line=LineId(line), entered_at=at, **more)


# --- A waiting call --------------------------------------------------------------------------------------------------


def test_a_moved_caller_takes_the_place_that_his_old_moment_gives_him_there() -> None:
    house = House()
    for call, on, at in (("A", "info", 0.0), ("B", "sport", 5.0), ("C", "sport", 20.0), ("D", "info", 10.0)):
        house.call(call, on, T0 + at)
    house.tell(moved("D", "sport"))
    assert house.sent(Reroute) == [Reroute(CallId("D"), SPORT)]
    assert house.of(CallRerouted) == [CallRerouted(T0, CallId("D"), SPORT, INFO, "sven")]
    house.on_duty("cato")
    served = []
    for _ in range(3):
        offer = house.last_offer()
        served.append(offer.call)
        house.ring(offer)
        house.answer(offer)
        house.hang_up(offer.call)
        house.phone("1003", f.PhoneState.IDLE)
        house.wait(11)
    assert served == ["B", "D", "C"]


def test_an_operator_who_is_free_on_the_other_line_gets_him_at_once() -> None:
    house = House()
    house.call("A", "info")
    house.on_duty("cato")
    house.tell(moved("A", "sport"))
    assert house.offers() == [("A", "cato")]


def test_he_counts_once_and_on_the_line_where_he_is() -> None:
    house, tally = House(), Tally()
    house.call("A", "info")
    house.now += 40
    house.tell(moved("A", "sport"))
    house.now += 20
    house.hang_up("A")
    [outcome] = house.of(OutcomeCounted)
    assert (outcome.line, outcome.waited) == (SPORT, 60.0)
    tally.apply(house.events)
    assert (tally.of(INFO).entered, tally.of(SPORT).entered) == (0, 1)
    assert tally.of(INFO).outcomes.total() == 0


def waiting_on_info(rule: CallbackRule | None = None) -> House:
    house = House(policy([line("info", callback=rule), line("sport")], [operator("anna", "1001", info=1, sport=1)]))
    house.call("A")
    return house


def test_refused_while_it_rings_while_he_talks_and_when_he_is_gone() -> None:
    house = waiting_on_info()
    assert house.engine.objection(moved("A", "info")) is Objection.SAME_LINE
    assert house.engine.objection(moved("A", "nowhere")) is Objection.NO_LINE
    house.on_duty("anna")
    assert house.engine.objection(moved("A", "sport")) is Objection.RINGS
    house.tell(moved("A", "sport"))
    assert house.sent(Reroute) == []
    assert house.of(MoveRefused)[-1] == MoveRefused(T0, "call A to line sport", "rings")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    assert house.engine.objection(moved("A", "sport")) is Objection.TALKS
    house.operator_hangs_up("A")
    assert house.engine.objection(moved("A", "sport")) is Objection.NOT_WAITING
    house.hang_up("A")
    assert house.engine.objection(moved("A", "sport")) is Objection.NO_CALL


def test_refused_while_the_switch_is_asked_where_he_is_and_while_there_is_no_link() -> None:
    house = waiting_on_info()
    house.on_duty("anna")
    house.tell(f.OfferNotSent(CallId("A"), house.last_offer().offer))
    assert house.call_state("A") is CallState.CHECKING
    assert house.engine.objection(moved("A", "sport")) is Objection.IN_DOUBT
    house.tell(f.LinkLost("cut"))
    assert house.engine.objection(moved("A", "sport")) is Objection.NO_LINK


def test_refused_from_the_question_to_the_keeper_until_the_dialogue_is_over() -> None:
    house = waiting_on_info(CallbackRule(after=30.0, early_when=0.0))
    house.wait(20)
    assert house.engine.objection(moved("A", "sport")) is None
    house.wait(6)  # The keeper is asked for a plan.
    assert house.engine.objection(moved("A", "sport")) is Objection.IN_DIALOGUE
    plan = CallbackPlan("+3291234567", (Window(T0 + DAY, T0 + DAY + 1800),), T0 + 2 * DAY)
    house.tell(f.CallbackPlanned(CallId("A"), plan))
    house.wait(5)
    house.tell(f.CallbackHeard(CallId("A"), house.now))
    assert house.engine.objection(moved("A", "sport")) is Objection.IN_DIALOGUE
    house.tell(f.CallbackDeclined(CallId("A")))
    assert house.engine.objection(moved("A", "sport")) is None


def test_who_has_just_declined_does_not_hear_the_offer_of_the_other_line_at_once() -> None:
    rule = CallbackRule(after=30.0, early_when=0.0, again_after=300.0)
    lines = [line("info", callback=rule), line("sport", callback=rule)]
    house = House(policy(lines, [operator("anna", "1001", info=1)]))
    house.call("A")
    house.wait(31)
    plan = CallbackPlan("+3291234567", (Window(T0 + DAY, T0 + DAY + 1800),), T0 + 2 * DAY)
    house.tell(f.CallbackPlanned(CallId("A"), plan))
    house.tell(f.CallbackHeard(CallId("A"), house.now))
    house.tell(f.CallbackDeclined(CallId("A")))
    mark = len(house.commands)
    house.tell(moved("A", "sport"))
    house.wait(200)
    assert [type(c).__name__ for c in house.commands[mark:] if "Plan" in type(c).__name__] == []


def test_a_word_that_was_lost_with_the_link_is_said_again() -> None:
    house = House()
    house.call("A", "info", T0 - 30)
    house.tell(moved("A", "sport"))
    house.tell(f.LinkLost("cut"))
    house.link(seen("A", "info", T0 - 30))
    assert house.sent(Reroute) == [Reroute(CallId("A"), SPORT)] * 2
    assert len(house.of(CallEnteredLine)) == 1
    assert len(house.of(CallRerouted)) == 1


def test_an_engine_that_died_before_it_was_written_down_has_moved_him_all_the_same() -> None:
    house = House(linked=False)
    house.tell(f.Restored((), (f.CallStored(CallId("A"), T0 - 40, INFO, T0 - 30, None),)))
    house.link(seen("A", "sport", T0 - 30))
    assert house.sent(Reroute) == []
    assert [(e.line, e.before, e.by) for e in house.of(CallRerouted)] == [(SPORT, INFO, "restart")]
    assert house.of(CallEnteredLine) == []
    house.on_duty("cato")
    assert house.offers() == [("A", "cato")]


# --- An operator's lines ---------------------------------------------------------------------------------------------


def test_lent_lines_count_at_once_and_the_settings_come_back_at_midnight() -> None:
    house = House()
    house.on_duty("anna")
    house.call("A", "sport")
    assert house.offers() == []
    house.tell(lent("anna", "sport", until=T0 + 600))
    assert house.offers() == [("A", "anna")]
    house.hang_up("A")
    house.wait(601)
    assert [(e.lines, e.by) for e in house.of(OperatorLinesChanged)] == [((SPORT,), "sven"), (None, "engine")]
    house.call("B", "sport")
    assert house.offers() == [("A", "anna")]
    house.call("C", "info")
    assert house.offers()[-1] == ("C", "anna")


def test_a_call_in_hand_is_finished_and_a_reload_changes_nothing_of_it() -> None:
    house = House()
    house.on_duty("anna")
    house.call("A", "info")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    house.tell(lent("anna", "sport"))
    assert house.state_of("anna") is OperatorState.IN_CALL
    house.tell(f.PolicyChanged(small_city()))
    house.operator_hangs_up("A")
    house.phone("1001", f.PhoneState.IDLE)
    house.wait(31)
    house.call("B", "info")
    house.call("C", "sport")
    assert house.offers()[-1] == ("C", "anna")
    house.tell(f.OperatorLinesSet(OperatorId("anna"), None, "sven"))
    assert house.engine.objection(f.OperatorLinesSet(OperatorId("anna"), None, "sven")) is Objection.NOT_CHANGED


def test_lending_again_counts_from_then_and_the_earlier_midnight_is_forgotten() -> None:
    house = House()
    house.tell(lent("anna", "sport", until=T0 + 100))
    house.tell(lent("anna", "sport", "info", until=T0 + 1000))
    house.wait(500)
    assert [e.lines for e in house.of(OperatorLinesChanged)] == [(SPORT,), (INFO, SPORT)]


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (f.OperatorLinesSet(OperatorId("nobody"), (INFO,), "sven", T0), Objection.NO_OPERATOR),
        (f.OperatorLinesSet(OperatorId("anna"), (), "sven", T0), Objection.NO_LINES),
        (f.OperatorLinesSet(OperatorId("anna"), (INFO, LineId("nowhere")), "sven", T0), Objection.NO_LINE),
        (f.LineSwitched(LineId("nowhere"), True, "sven"), Objection.NO_LINE),
        (f.OperatorReady(OperatorId("anna"), "sven"), Objection.NOT_LOGGED_IN),
        (f.SpyUnwanted(SpyId(7), "sven"), Objection.NO_SPY),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(fact: f.Fact, why: Objection) -> None:
    house = House()
    assert house.engine.objection(fact) is why
    before = house.engine.board(house.now)
    step = house.tell(fact)
    assert step.commands == []
    assert all(isinstance(event, MoveRefused) for event in step.events)
    assert house.engine.board(house.now) == before


def test_lent_lines_survive_a_restart_until_their_time_is_over() -> None:
    house = House(linked=False)
    stored = LinesStored(OperatorId("anna"), (SPORT,), T0 + 50, T0 - 500, "sven")
    over = LinesStored(OperatorId("bram"), (SPORT,), T0 - 1, T0 - 500, "sven")
    house.tell(f.Restored((), (), lines=(stored, over)))
    house.link()
    house.wait(1)
    rows = {str(row.operator): row for row in house.engine.board(house.now).operators}
    assert (rows["anna"].lines, rows["anna"].lent_by) == ((SPORT,), "sven")
    assert rows["bram"].lent_by is None
    house.wait(60)
    assert [e.operator for e in house.of(OperatorLinesChanged)] == ["bram", "anna"]


def test_an_operator_whom_the_settings_forget_has_nothing_lent_any_more() -> None:
    house = House()
    house.tell(lent("anna", "sport", until=T0 + 100))
    without = small_city()
    operators = {id: one for id, one in without.operators.items() if id != "anna"}
    house.tell(f.PolicyChanged(policy(list(without.lines.values()), list(operators.values()))))
    house.wait(200)
    house.tell(f.PolicyChanged(small_city()))
    assert [e.lines for e in house.of(OperatorLinesChanged)] == [(SPORT,), None]


def test_the_switchs_own_queues_are_told_of_the_lines_that_they_know() -> None:
    house = House()
    house.tell(lent("anna", "sport"))
    house.on_duty("anna")
    assert house.sent(SetAllowed)[-1] == SetAllowed(Device("1001"), (INFO,), True)


def test_a_supervisors_word_about_an_operator_bears_his_name() -> None:
    house = House()
    house.on_duty("anna")
    house.tell(f.OperatorNotReady(OperatorId("anna"), "sven", "opleiding"))
    assert house.of(OperatorWished)[-1].by == "sven"
    [row] = [row for row in house.engine.board(house.now).operators if row.operator == "anna"]
    assert (row.state, row.reason, row.by) == (OperatorState.NOT_READY, "opleiding", "sven")


# --- A line ----------------------------------------------------------------------------------------------------------


def test_a_line_is_switched_and_every_new_link_is_told_of_every_line() -> None:
    house = House()
    house.tell(f.LineSwitched(SPORT, False, "sven"))
    assert house.sent(SetLineOpen)[-1] == SetLineOpen(SPORT, False)
    assert house.of(LineOverridden) == [LineOverridden(T0, SPORT, False, "sven")]
    mark = len(house.commands)
    house.tell(f.LinkLost("cut"))
    house.link(rebooted=True)
    told = [c for c in house.commands[mark:] if isinstance(c, SetLineOpen)]
    assert told == [SetLineOpen(INFO, None), SetLineOpen(SPORT, False)]
    house.tell(f.LineSwitched(SPORT, None, "sven"))
    assert house.sent(SetLineOpen)[-1] == SetLineOpen(SPORT, None)
    assert all(row.switched is None for row in house.engine.board(house.now).lines)


def test_a_switched_line_survives_a_restart_with_who_and_when() -> None:
    house = House(linked=False)
    stored = LineStored(SPORT, True, T0 - 900, "sven")
    house.tell(f.Restored((), (), switched=(stored,)))
    house.link()
    assert SetLineOpen(SPORT, True) in house.commands
    assert [row.switched for row in house.engine.board(house.now).lines] == [None, stored]


def test_without_a_link_it_is_remembered_for_the_next_one() -> None:
    house = House(linked=False)
    house.tell(f.LineSwitched(SPORT, False, "sven"))
    assert house.sent(SetLineOpen) == []
    house.link()
    assert SetLineOpen(SPORT, False) in house.commands


# --- Listening in ----------------------------------------------------------------------------------------------------


def spied(device: str = "1003", who: str = "anna") -> f.SpyWanted:
    return f.SpyWanted(OperatorId(who), Device(device), SpyMode.WHISPER, "sven")


def in_call() -> House:
    house = House()
    house.on_duty("anna")
    house.call("A")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    return house


def test_from_the_wish_to_the_end() -> None:
    house = in_call()
    house.tell(spied())
    [command] = house.sent(Spy)
    assert (command.call, command.device, command.mode, command.shown) == ("A", "1003", SpyMode.WHISPER, "Anna")
    assert house.of(SpyStarted) == []
    house.now += 4
    house.tell(f.SpyBegan(command.spy, house.now))
    house.tell(f.SpyBegan(command.spy, house.now))
    started = (command.spy, OperatorId("anna"), CallId("A"), None, Device("1003"), SpyMode.WHISPER, "sven")
    assert house.of(SpyStarted) == [SpyStarted(T0 + 4, *started)]
    house.tell(f.SpyUnwanted(command.spy, "sven"))
    assert house.sent(EndSpy) == [EndSpy(command.spy)]
    house.tell(f.SpyOver(command.spy, house.now, SpyEnd.OVER))
    house.tell(f.SpyOver(command.spy, house.now, SpyEnd.OVER))
    ended = (command.spy, OperatorId("anna"), CallId("A"), SpyMode.WHISPER, "sven", SpyEnd.OVER)
    assert house.of(SpyEnded) == [SpyEnded(T0 + 4, *ended)]
    assert house.engine.board(house.now).spies == ()


def test_only_a_conversation_and_only_on_a_phone_that_is_free() -> None:
    house = in_call()
    assert house.engine.objection(spied(who="bram")) is Objection.NOT_TALKING
    assert house.engine.objection(spied("1001")) is Objection.SAME_PHONE
    assert house.engine.objection(spied("9999")) is Objection.NO_PHONE
    house.phone("1003", f.PhoneState.UNREACHABLE)
    assert house.engine.objection(spied()) is Objection.PHONE_AWAY
    house.phone("1003", f.PhoneState.BUSY)
    assert house.engine.objection(spied()) is Objection.PHONE_BUSY
    house.phone("1003", f.PhoneState.IDLE)
    house.tell(spied())
    assert house.engine.objection(spied()) is Objection.PHONE_BUSY, "it rings for him already"
    house.tell(f.LinkLost("cut"))
    assert house.engine.objection(spied("1002")) is Objection.NO_LINK


def test_his_number_is_nobody_elses() -> None:
    house = in_call()
    house.tell(spied())
    house.on_duty("bram")
    house.call("B")
    assert house.last_offer().offer not in {OfferId(int(spy.spy)) for spy in house.sent(Spy)}


def test_after_a_gap_who_is_not_there_has_stopped_and_a_stranger_is_hung_up() -> None:
    house = House(linked=False)
    stored = SpyStored(SpyId(3), OperatorId("anna"), Device("1003"), SpyMode.LISTEN, "sven", T0 - 60, CallId("A"))
    gone = SpyStored(SpyId(4), OperatorId("bram"), Device("1002"), SpyMode.LISTEN, "sven", T0 - 60, CallId("B"))
    house.tell(f.Restored((), (), spies=(stored, gone)))
    phones = {o.device: f.PhoneState.IDLE for o in house.settings.operators.values()}
    house.tell(f.SwitchSeen((), (), phones, spies=(SpySeen(SpyId(3), True), SpySeen(SpyId(9), True))))
    assert [(e.spy, e.how) for e in house.of(SpyEnded)] == [(4, SpyEnd.UNSEEN)]
    assert house.sent(EndSpy) == [EndSpy(SpyId(9))]
    assert [spy.spy for spy in house.engine.board(house.now).spies] == [3]


# --- Anything, in any order ------------------------------------------------------------------------------------------

CALLS, WHO = ("A", "B", "C", "D"), ("anna", "bram", "cato")
deeds = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(CALLS), st.sampled_from(("info", "sport"))),
    st.tuples(st.just("move"), st.sampled_from(CALLS), st.sampled_from(("info", "sport"))),
    st.tuples(st.just("lend"), st.sampled_from(WHO), st.sets(st.sampled_from(("info", "sport")))),
    st.tuples(st.just("duty"), st.sampled_from(WHO), st.none()),
    st.tuples(st.just("hang up"), st.sampled_from(CALLS), st.none()),
    st.tuples(st.just("answer"), st.none(), st.none()),
    st.tuples(st.just("spy"), st.sampled_from(WHO), st.sampled_from(("1001", "1002", "1003"))),
    st.tuples(st.just("cut"), st.none(), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 40), st.none()),
)


def act(house: House, what: str, who: Any, to: Any) -> None:
    """One deed of anybody."""
    match what:
        case "call" if who not in {e.call for e in house.of(CallEnteredLine)}:
            house.call(who, to)
        case "move":
            house.tell(moved(who, to))
        case "lend":
            house.tell(lent(who, *to, until=house.now + 60))
        case "duty":
            house.on_duty(who)
        case "hang up":
            house.hang_up(who)
        case "answer" if house.offers():
            offer = house.last_offer()
            house.tell(f.OfferRinging(offer.call, offer.offer))
            house.tell(f.OfferAnswered(offer.call, offer.offer, house.now))
        case "spy":
            house.tell(spied(to, who))
        case "cut":
            waits = [call for call in house.engine.board(house.now).calls if call.state is CallState.WAITING]
            house.tell(f.LinkLost("cut"))
            house.link(*(seen(c.call, str(c.line), c.entered_at or 0.0) for c in waits))
        case "wait":
            house.wait(who)
        case _:
            pass


@settings(max_examples=200)
@given(st.lists(deeds, max_size=40))
def test_whatever_a_supervisor_does_nobody_is_lost_or_counted_twice(doings: list[tuple[str, Any, Any]]) -> None:
    """The house checks its rules after every step: no caller waits beside a free operator of his line, each outcome
    counts once, the indexes agree."""
    house = House()
    entered: dict[str, float] = {}
    for what, who, to in doings:
        act(house, what, who, to)
        for call in house.engine.board(house.now).calls:
            if call.entered_at is not None:
                assert entered.setdefault(call.call, call.entered_at) == call.entered_at, "he lost his place in time"
