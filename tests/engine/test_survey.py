"""The survey after a conversation: who is sent, and what is told of the answers."""

import pytest

from acd.model import commands as c
from acd.model import events as ev
from acd.model import facts as f
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.policy import SurveyQuestion, SurveyRule
from tests.engine.house import House, line, operator, policy

A = CallId("a")
ANNA = OperatorId("anna")
RULE = SurveyRule({"courtesy": SurveyQuestion("survey-courtesy", {"nl": "Vriendelijkheid"})})


def talking(*, asks: bool = True) -> House:
    """Anna speaks with A on a line that asks its callers something, or nothing."""
    house = House(policy([line("info", survey=RULE if asks else None)], [operator("anna", "1001", info=1)]))
    house.on_duty("anna")
    house.call("a")
    house.answer(house.last_offer())
    return house


def test_an_operator_sends_his_caller_to_the_survey() -> None:
    house = talking()
    house.tell(f.OperatorSendsToSurvey(ANNA, "anna"))
    assert house.commands[-1] == c.SendOn(A, "survey")


@pytest.mark.parametrize("over", [False, True])
def test_never_on_a_line_that_asks_nobody_and_nobody_who_is_gone(over: bool) -> None:
    house = talking(asks=over)
    if over:
        house.operator_hangs_up("a")
    house.tell(f.OperatorSendsToSurvey(ANNA, "anna"))
    assert house.sent(c.SendOn) == []
    assert isinstance(house.events[-1], ev.MoveRefused)


def test_each_answer_is_told_with_line_and_operator() -> None:
    house = talking()
    house.operator_hangs_up("a")
    house.tell(f.SurveyStarted(A, house.now, sent=False))
    house.tell(f.SurveyAnswered(A, "courtesy", 8, house.now + 9))
    info = LineId("info")
    assert house.events[-2:] == [
        ev.SurveyStarted(house.now, A, info, ANNA, house.now, False),
        ev.SurveyAnswered(house.now, A, info, ANNA, "courtesy", 8, house.now + 9),
    ]
    house.hang_up("a")
    assert house.outcome("a") == "answered"


def test_answers_of_who_was_called_back_are_told_with_his_line_and_whose_phone_it_was() -> None:
    """The attempt is over by then; a phone that nobody has any more is nobody's."""
    house, call, info = talking(), CallId("acd-cb-7"), LineId("info")
    for device, hers in (("1001", ANNA), ("1009", None)):
        back = f.CalledBack(OfferId(7), info, Device(device))
        house.tell(f.SurveyStarted(call, house.now, False, back))
        house.tell(f.SurveyAnswered(call, "courtesy", 8, house.now + 9, back))
        assert house.events[-2:] == [
            ev.SurveyStarted(house.now, call, info, hers, house.now, False, OfferId(7)),
            ev.SurveyAnswered(house.now, call, info, hers, "courtesy", 8, house.now + 9, OfferId(7)),
        ]


def test_answers_of_a_call_that_nobody_knows_are_passed_over() -> None:
    house = talking()
    told = len(house.events)
    house.tell(f.SurveyStarted(CallId("b"), house.now, sent=True))
    house.tell(f.SurveyAnswered(CallId("b"), "courtesy", 8, house.now))
    assert len(house.events) == told
