"""The judge of the fault laboratory: he finds nothing in a good run, and cries at each promise that a doctored
one breaks.

What he is given here is made by hand: two operators, some callers, an engine that is killed, a storm.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sim.faults.evidence import AttemptRow, Caller, CallRow, Desk, Evidence, Hearing, Incident, PromiseRow, Ring
from sim.faults.judge import Broken, Judge, Promise
from sim.faults.run import Verdict, judged_again, keep

INFO, STORM, BACK = "+321", "+322", "+323"
KILLED = Incident("engine killed", 100.0, 105.0, 2.0)
END = 300.0


def caller(number: str, up: float, ended: float, *, himself: bool = False) -> Caller:
    return Caller(number, up - 0.01, up, ended, himself)


def ring(number: str, device: str, invited: float, answered: float | None, ended: float, *, phone: bool = True) -> Ring:
    return Ring(number, device, invited, answered, ended, phone)


def good() -> Evidence:
    """A run in which every promise is kept."""
    evidence = Evidence(
        lines={INFO: "info", STORM: "storm", BACK: "back"},
        capacity={"storm": 1},
        promising={"back": 9.0},
        ended=END,
        incidents=[KILLED],
    )
    evidence.desks = [
        Desk("1001", frozenset({"info"}), ((0.0, END),)),
        Desk("1002", frozenset({"storm"}), ((0.0, END),)),
    ]
    evidence.callers = [
        # Served at once; the operator hangs up.
        caller(INFO + "1", 90.0, 101.0),
        # Waits behind him when the engine dies, and is served by the switch.
        caller(INFO + "2", 95.0, 110.0),
        # Comes after him; hangs up while he speaks.
        caller(INFO + "3", 97.0, 115.0, himself=True),
        # Gives up.
        caller(INFO + "4", 113.0, 114.0, himself=True),
        # One speaks, one waits, one too many.
        caller(STORM + "1", 200.0, 220.0),
        caller(STORM + "2", 201.0, 230.0),
        caller(STORM + "3", 202.0, 204.0),
        # Accepts to be called back.
        caller(BACK + "1", 150.0, 165.0),
    ]
    evidence.rings = [
        ring(INFO + "1", "1001", 90.1, 90.5, 101.0),
        ring(INFO + "2", "1001", 102.5, 103.0, 110.0),
        ring(INFO + "3", "1001", 110.2, 110.6, 115.0, phone=False),
        ring(STORM + "1", "1002", 200.1, 200.5, 220.0),
        ring(STORM + "2", "1002", 220.1, 220.5, 230.0),
        ring(BACK + "1", "1003", 239.0, 239.5, 250.0, phone=False),
    ]
    evidence.called_back = [ring("1003", BACK + "1", 240.0, 241.0, 250.0)]
    evidence.heard = [Hearing(STORM + "3", 1.5)]
    evidence.calls = [
        CallRow(INFO + "1", "info", "answered", 90.5, 101.0, "1001"),
        CallRow(INFO + "2", "info", "answered", 103.0, 110.0, "1001"),
        CallRow(INFO + "3", "info", "answered", 110.6, 115.0, "1001"),
        CallRow(INFO + "4", "info", "abandoned", None, 114.0, None),
        CallRow(STORM + "1", "storm", "answered", 200.5, 220.0, "1002"),
        CallRow(STORM + "2", "storm", "answered", 220.5, 230.0, "1002"),
        CallRow(STORM + "3", "storm", "refused", None, 204.0, None),
        CallRow(BACK + "1", "back", "callback_accepted", None, 165.0, None),
    ]
    evidence.promises = [PromiseRow(BACK + "1", "reached", None, 500.0, 900.0)]
    evidence.attempts = [AttemptRow(BACK + "1", 239.9, 250.0)]
    return evidence


def found(evidence: Evidence) -> list[Broken]:
    return Judge(evidence).judge()


def test_a_good_run_has_nothing_that_was_broken() -> None:
    assert found(good()) == []


def test_he_says_how_long_somebody_waited_beside_a_free_operator() -> None:
    judge = Judge(good())
    judge.judge()
    assert judge.longest["during: engine killed"] == pytest.approx(1.5)
    assert judge.longest["with nothing broken"] == pytest.approx(0.2)


# --- Doctored -------------------------------------------------------------------------------------------------------


def caller_is(evidence: Evidence, number: str, **other: object) -> None:
    evidence.callers = [replace(c, **other) if c.number == number else c for c in evidence.callers]  # type: ignore[arg-type]


def ring_is(evidence: Evidence, number: str, **other: object) -> None:
    evidence.rings = [replace(r, **other) if r.number == number else r for r in evidence.rings]  # type: ignore[arg-type]


def row_is(evidence: Evidence, number: str, **other: object) -> None:
    evidence.calls = [replace(r, **other) if r.number == number else r for r in evidence.calls]  # type: ignore[arg-type]


def a_talk_ends_and_nobody_hung_up(evidence: Evidence) -> None:
    ring_is(evidence, INFO + "2", by_phone=False)


def a_phone_speaks_with_nobody(evidence: Evidence) -> None:
    ring_is(evidence, INFO + "1", ended=None, by_phone=False)


def a_waiting_caller_is_hung_up_on(evidence: Evidence) -> None:
    caller_is(evidence, INFO + "4", by_himself=False)


def a_caller_is_left_on_the_line(evidence: Evidence) -> None:
    caller_is(evidence, INFO + "4", ended=None, by_himself=False)
    # Nobody was free beside him, so that this is not what the judge finds.
    evidence.desks = []


def a_caller_gets_no_answer(evidence: Evidence) -> None:
    evidence.callers.append(Caller(INFO + "9", 50.0, None, None, by_himself=False))


def a_phone_that_drops_takes_its_caller_along(evidence: Evidence) -> None:
    evidence.callers.append(caller(INFO + "9", 120.0, 120.6))
    evidence.rings.append(ring(INFO + "9", "1001", 120.1, 120.5, 120.52))
    evidence.calls.append(CallRow(INFO + "9", "info", "answered", 120.5, 120.6, "1001"))


def nobody_serves_while_the_engine_is_dead(evidence: Evidence) -> None:
    ring_is(evidence, INFO + "2", invited=104.9, answered=105.0)


def nobody_serves_when_the_engine_is_back(evidence: Evidence) -> None:
    ring_is(evidence, INFO + "3", invited=112.5, answered=112.9)
    row_is(evidence, INFO + "3", answered_at=112.9)


def who_comes_later_is_served_first(evidence: Evidence) -> None:
    evidence.callers += [caller(INFO + "7", 252.0, 270.0), caller(INFO + "8", 255.0, 260.0)]
    evidence.rings += [
        ring(INFO + "8", "1001", 255.1, 255.4, 260.0),
        ring(INFO + "7", "1001", 260.1, 260.4, 270.0),
    ]
    evidence.calls += [
        CallRow(INFO + "8", "info", "answered", 255.4, 260.0, "1001"),
        CallRow(INFO + "7", "info", "answered", 260.4, 270.0, "1001"),
    ]
    evidence.desks = []


def an_answered_call_has_no_record(evidence: Evidence) -> None:
    evidence.calls = [row for row in evidence.calls if row.number != INFO + "2"]


def an_answered_call_is_recorded_as_lost(evidence: Evidence) -> None:
    row_is(evidence, INFO + "2", outcome="abandoned", answered_at=None, device=None)


def a_lost_call_is_recorded_as_answered(evidence: Evidence) -> None:
    row_is(evidence, INFO + "4", outcome="answered", answered_at=113.5, device="1001")


def another_operator_is_recorded(evidence: Evidence) -> None:
    row_is(evidence, INFO + "2", device="1002")


def another_moment_is_recorded(evidence: Evidence) -> None:
    row_is(evidence, INFO + "2", answered_at=109.0)


def a_call_is_recorded_twice(evidence: Evidence) -> None:
    evidence.calls.append(evidence.calls[0])


def an_end_is_not_recorded(evidence: Evidence) -> None:
    row_is(evidence, INFO + "4", ended_at=None)


def a_call_back_ends_and_nobody_hung_up(evidence: Evidence) -> None:
    evidence.called_back = [replace(evidence.called_back[0], by_phone=False)]


def an_operator_who_calls_back_speaks_with_nobody(evidence: Evidence) -> None:
    ring_is(evidence, BACK + "1", ended=None)


def a_citizen_who_was_reached_is_rung_again(evidence: Evidence) -> None:
    evidence.called_back.append(ring("1003", BACK + "1", 260.0, 261.0, 262.0))
    evidence.rings.append(ring(BACK + "1", "1003", 259.0, 259.5, 262.0))
    evidence.attempts.append(AttemptRow(BACK + "1", 260.0, 262.0))


def a_promise_is_gone(evidence: Evidence) -> None:
    evidence.promises, evidence.called_back, evidence.attempts = [], [], []


def a_promise_hangs(evidence: Evidence) -> None:
    evidence.promises = [replace(evidence.promises[0], state="claimed")]


def a_citizen_is_rung_twice(evidence: Evidence) -> None:
    evidence.called_back.append(ring("1002", BACK + "1", 260.0, None, 265.0))


def a_citizen_is_rung_who_is_owed_nothing(evidence: Evidence) -> None:
    evidence.called_back.append(ring("1002", INFO + "1", 260.0, None, 265.0))


def one_is_refused_although_there_is_room(evidence: Evidence) -> None:
    row_is(evidence, INFO + "4", outcome="refused")
    evidence.capacity["info"] = 3


def one_is_refused_without_a_word(evidence: Evidence) -> None:
    caller_is(evidence, STORM + "3", ended=202.1)


def one_is_refused_and_hears_something_else(evidence: Evidence) -> None:
    evidence.heard = [Hearing(STORM + "3", 0.0)]


def one_is_refused_and_not_counted(evidence: Evidence) -> None:
    row_is(evidence, STORM + "3", outcome="abandoned")


def more_are_let_in_than_have_room(evidence: Evidence) -> None:
    evidence.callers.append(caller(STORM + "9", 203.0, 215.0, himself=True))
    evidence.calls.append(CallRow(STORM + "9", "storm", "abandoned", None, 215.0, None))


_P = Promise
DOCTORED: tuple[tuple[Callable[[Evidence], None], Promise], ...] = (
    (a_talk_ends_and_nobody_hung_up, _P.NOT_CUT),
    (a_phone_speaks_with_nobody, _P.NOT_CUT),
    (a_waiting_caller_is_hung_up_on, _P.NOT_DROPPED),
    (a_caller_is_left_on_the_line, _P.NOT_DROPPED),
    (a_caller_gets_no_answer, _P.NOT_DROPPED),
    (a_phone_that_drops_takes_its_caller_along, _P.NOT_DROPPED),
    (nobody_serves_while_the_engine_is_dead, _P.SERVED),
    (nobody_serves_when_the_engine_is_back, _P.SERVED),
    (who_comes_later_is_served_first, _P.ORDER),
    (an_answered_call_has_no_record, _P.RECORDED),
    (an_answered_call_is_recorded_as_lost, _P.RECORDED),
    (a_lost_call_is_recorded_as_answered, _P.RECORDED),
    (another_operator_is_recorded, _P.RECORDED),
    (another_moment_is_recorded, _P.RECORDED),
    (a_call_is_recorded_twice, _P.RECORDED),
    (an_end_is_not_recorded, _P.RECORDED),
    (a_call_back_ends_and_nobody_hung_up, _P.NOT_CUT),
    (an_operator_who_calls_back_speaks_with_nobody, _P.NOT_CUT),
    (a_citizen_who_was_reached_is_rung_again, _P.CALLED_BACK),
    (a_promise_is_gone, _P.CALLED_BACK),
    (a_promise_hangs, _P.CALLED_BACK),
    (a_citizen_is_rung_twice, _P.CALLED_BACK),
    (a_citizen_is_rung_who_is_owed_nothing, _P.CALLED_BACK),
    (one_is_refused_although_there_is_room, _P.OVERLOAD),
    (one_is_refused_without_a_word, _P.OVERLOAD),
    (one_is_refused_and_hears_something_else, _P.OVERLOAD),
    (one_is_refused_and_not_counted, _P.NOT_DROPPED),
    (more_are_let_in_than_have_room, _P.OVERLOAD),
)


@pytest.mark.parametrize(("doctor", "promise"), DOCTORED, ids=lambda value: getattr(value, "__name__", ""))
def test_he_cries(doctor: Callable[[Evidence], None], promise: Promise) -> None:
    evidence = good()
    doctor(evidence)
    assert promise in {broken.promise for broken in found(evidence)}


def test_every_promise_is_doctored() -> None:
    assert {promise for _, promise in DOCTORED} == set(Promise)


@pytest.mark.parametrize(("within", "broken"), [(1.0, [Promise.ORDER]), (2.0, [])])
def test_the_order_may_be_another_only_while_callers_go_over_to_the_switch(
    within: float, broken: list[Promise]
) -> None:
    evidence = good()
    who_comes_later_is_served_first(evidence)
    evidence.incidents.append(Incident("something", 254.5, 262.0, within))
    assert [one.promise for one in found(evidence)] == broken


@pytest.mark.parametrize(("up", "broken"), [(286.0, [Promise.SERVED]), (277.0, [])])
def test_who_may_be_called_back_waits_to_be_served_until_he_accepts(up: float, broken: list[Promise]) -> None:
    """A phone of his line is free from 285 s on; he begins to accept after nine seconds."""
    evidence = good()
    evidence.desks.append(Desk("1003", frozenset({"back"}), ((285.0, END),)))
    evidence.callers.append(caller(BACK + "2", up, up + 12.0, himself=True))
    evidence.calls.append(CallRow(BACK + "2", "back", "abandoned", None, up + 12.0, None))
    assert [one.promise for one in found(evidence)] == broken


@pytest.mark.parametrize(
    ("told", "free", "over", "broken"),
    [
        (None, 276.0, 275.0, [Promise.SERVED]),
        (278.0, 276.0, 275.0, []),
        (278.0, 276.0, 268.0, [Promise.SERVED]),
        (279.0, 281.0, 275.0, [Promise.SERVED]),
        (290.0, 281.0, 275.0, [Promise.SERVED]),
    ],
)
def test_who_hears_late_that_nothing_can_be_promised_waits_again_from_then_on(
    told: float | None, free: float, over: float, broken: list[Promise]
) -> None:
    """A phone of his line is free for two seconds; he accepts from 269 s on; the database was away until ``over``."""
    evidence = good()
    evidence.incidents.append(Incident("database gone", 265.0, over, 1.0))
    evidence.desks.append(Desk("1003", frozenset({"back"}), ((free, free + 2.0),)))
    evidence.callers.append(caller(BACK + "2", 260.0, 290.0, himself=True))
    evidence.calls.append(CallRow(BACK + "2", "back", "abandoned", None, 290.0, None, None, told))
    assert [one.promise for one in found(evidence)] == broken


@pytest.mark.parametrize(("back", "broken"), [(None, [Promise.SERVED]), (104.9, [Promise.SERVED]), (104.0, [])])
def test_who_waits_while_an_engine_comes_back_may_be_left_to_it(back: float | None, broken: list[Promise]) -> None:
    """He waits from 101.5 to 104.3 s beside a free phone."""
    evidence = good()
    evidence.incidents = [replace(KILLED, back=back)]
    evidence.callers = [caller(INFO + "2", 101.5, 110.0)]
    evidence.rings = [ring(INFO + "2", "1001", 104.3, 104.8, 110.0)]
    evidence.calls = [CallRow(INFO + "2", "info", "answered", 104.8, 110.0, "1001")]
    evidence.promises, evidence.attempts, evidence.called_back, evidence.heard = [], [], [], []
    assert [one.promise for one in found(evidence)] == broken


def test_a_kept_run_can_be_judged_again(tmp_path: Path) -> None:
    evidence = good()
    evidence.incidents.append(Incident("Asterisk restarted", 270.0, 271.0, float("inf"), calls_lost=True))
    verdict = Verdict(END, evidence, [], {}, [(1.0, 17, 1000)], [], [])
    keep(verdict, tmp_path)
    assert judged_again(tmp_path) == replace(verdict, longest=judged_again(tmp_path).longest)
    a_talk_ends_and_nobody_hung_up(evidence)
    keep(verdict, tmp_path)
    assert [one.promise for one in judged_again(tmp_path).broken] == [Promise.NOT_CUT]


def test_an_asterisk_that_ends_takes_its_calls_along() -> None:
    """Nobody can keep them; who calls again afterwards is judged as ever."""
    evidence = good()
    evidence.incidents.append(Incident("Asterisk restarted", 106.0, 109.0, float("inf"), calls_lost=True))
    ring_is(evidence, INFO + "2", by_phone=False, ended=111.0)
    caller_is(evidence, INFO + "2", ended=111.0, by_himself=True)
    assert not {broken.promise for broken in found(evidence)} & {Promise.NOT_CUT, Promise.NOT_DROPPED}


def test_who_picks_up_when_asterisk_is_gone_speaks_with_nobody() -> None:
    evidence = good()
    an_answered_call_is_recorded_as_lost(evidence)
    evidence.incidents.append(Incident("Asterisk restarted", 102.9, 104.0, float("inf"), calls_lost=True))
    assert Promise.RECORDED not in {broken.promise for broken in found(evidence)}
    evidence.incidents[-1] = replace(evidence.incidents[-1], began=103.1)
    assert Promise.RECORDED in {broken.promise for broken in found(evidence)}


def test_who_was_promised_a_call_and_served_after_all_is_owed_none() -> None:
    """The link was lost between the promise and the word that it stands: he waits on, and an operator answers."""
    evidence = good()
    evidence.rings.append(ring(BACK + "1", "1001", 155.0, 155.5, 165.0))
    row_is(evidence, BACK + "1", answered_at=155.5, device="1001")
    assert Promise.RECORDED in {broken.promise for broken in found(evidence)}
    evidence.promises = [replace(evidence.promises[0], state="settled")]
    assert Promise.RECORDED not in {broken.promise for broken in found(evidence)}
    row_is(evidence, BACK + "1", device="1002")
    assert Promise.RECORDED in {broken.promise for broken in found(evidence)}


def test_a_record_without_a_number_is_that_of_who_called_then() -> None:
    """Asterisk's own record has none."""
    evidence = good()
    [row] = [row for row in evidence.calls if row.number == INFO + "4"]
    evidence.calls.remove(row)
    evidence.calls.insert(0, replace(row, number="", arrived_at=113.1))
    assert found(evidence) == []
    evidence.calls[0] = replace(row, number="", arrived_at=90.0)
    assert Promise.RECORDED in {broken.promise for broken in found(evidence)}


def test_whose_telephone_called_again_until_asterisk_was_back_has_that_record_too() -> None:
    evidence = good()
    [row] = [row for row in evidence.calls if row.number == INFO + "4"]
    evidence.calls.remove(row)
    evidence.calls.append(replace(row, number="", arrived_at=113.0))
    caller_is(evidence, INFO + "4", called=111.5)
    assert Promise.RECORDED in {broken.promise for broken in found(evidence)}
    evidence.incidents.append(Incident("Asterisk restarted", 111.0, 112.9, float("inf"), calls_lost=True))
    assert Promise.RECORDED not in {broken.promise for broken in found(evidence)}
    evidence.calls[-1] = replace(row, number="", arrived_at=111.5)
    assert Promise.RECORDED in {broken.promise for broken in found(evidence)}


def test_of_two_records_without_a_number_each_is_that_of_whom_it_fits_best() -> None:
    evidence = good()
    [row] = [row for row in evidence.calls if row.number == INFO + "4"]
    evidence.calls.remove(row)
    evidence.callers.append(caller(INFO + "5", 113.3, 114.5, himself=True))
    evidence.calls.append(replace(row, number="", arrived_at=113.31, ended_at=114.5))
    evidence.calls.append(replace(row, number="", arrived_at=113.01))
    assert found(evidence) == []
    evidence.calls.pop()
    assert [broken.promise for broken in found(evidence)] == [Promise.RECORDED]


def test_a_phone_out_of_order_is_not_free() -> None:
    evidence = good()
    nobody_serves_when_the_engine_is_back(evidence)
    evidence.incidents.append(Incident("phones unregister", 109.9, 112.0, 1.0, devices=("1001",)))
    assert found(evidence) == []


@pytest.mark.parametrize(("back", "broken"), [(112.0, []), (107.0, [Promise.SERVED])])
def test_a_phone_that_was_out_of_order_for_a_part_of_the_fault_is_free_again(
    back: float, broken: list[Promise]
) -> None:
    evidence = good()
    nobody_serves_when_the_engine_is_back(evidence)
    clock = Incident("Asterisk's clock stepped", 106.0, 114.0, 1.0, devices=("1001",), out=((106.0, back),))
    evidence.incidents.append(clock)
    assert [one.promise for one in found(evidence)] == broken
