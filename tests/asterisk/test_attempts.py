"""How an attempt to call back ends: what the network said, and events in whatever order."""

from itertools import permutations

import pytest

from acd.asterisk import promise_events as p
from acd.asterisk.attempts import Attempts, attempt_result
from acd.asterisk.clock import SwitchClock
from acd.asterisk.events import ChannelOver, LegRings
from acd.asterisk.values import AmiEvent
from acd.model import facts as f
from acd.model.callback import AttemptResult as R
from acd.model.facts import OfferFailure
from acd.model.ids import OfferId

ME = OfferId(7)


@pytest.mark.parametrize(
    ("status", "cause", "sip", "result"),
    [
        ("ANSWER", 16, 200, R.CONNECTED),
        ("MACHINE", 16, 200, R.MACHINE),
        ("OPERATOR", 0, 0, R.OPERATOR),
        ("CANCEL", 0, 0, R.ABORTED),
        ("NOOPERATOR", 0, 0, R.ABORTED),
        ("NOTALLOWED", 0, 0, R.WRONG_NUMBER),
        ("BUSY", 17, 486, R.BUSY),
        ("BUSY", 17, 600, R.BUSY),
        ("NOANSWER", 0, 0, R.NO_ANSWER),
        ("NOANSWER", 0, 180, R.NO_ANSWER),
        ("NOANSWER", 19, 480, R.NO_ANSWER),
        ("CHANUNAVAIL", 1, 404, R.WRONG_NUMBER),
        ("CONGESTION", 28, 484, R.WRONG_NUMBER),
        ("CHANUNAVAIL", 1, 604, R.WRONG_NUMBER),
        ("CHANUNAVAIL", 1, 0, R.WRONG_NUMBER),
        ("CHANUNAVAIL", 21, 603, R.REFUSED),
        ("CHANUNAVAIL", 21, 0, R.REFUSED),
        ("CHANUNAVAIL", 21, 403, R.FAULT),
        ("CHANUNAVAIL", 3, 0, R.FAULT),
        ("CONGESTION", 34, 503, R.FAULT),
        ("", 0, 0, R.FAULT),
    ],
)
def test_what_the_network_said(status: str, cause: int, sip: int, result: R) -> None:
    assert attempt_result(status, cause, sip) is result


def told(*events: AmiEvent, operator_first: bool = True, until: float = 0.0) -> list[f.Fact]:
    """All facts of these events, and of the time until then."""
    facts: list[f.Fact] = []
    attempts = Attempts(facts.append, lambda attempt: None, SwitchClock())
    assert attempts.begin(ME, operator_first=operator_first)
    for event in events:
        attempts.take(event)
    attempts.tick(until)
    return facts


@pytest.mark.parametrize(
    ("cause", "failure"), [(17, OfferFailure.BUSY), (21, OfferFailure.REJECTED), (34, OfferFailure.FAULT)]
)
def test_why_the_operator_did_not_take_it_is_known_in_either_order(cause: int, failure: OfferFailure) -> None:
    failed = (p.Originated(1.0, ME, False, 0), ChannelOver(1.0, "acd-cb-7", cause, 0))
    for order in permutations(failed):
        assert told(p.Begun(0.0, ME), *order) == [f.AttemptEnded(ME, R.OPERATOR, 1.0, failure)]


def test_a_phone_that_rang_in_vain_is_not_one_that_said_480() -> None:
    """Both have cause 19."""
    rang, over = LegRings(0.0, "acd-cb-7"), ChannelOver(1.0, "acd-cb-7", 19, 480)
    timed_out = told(p.Begun(0.0, ME), rang, p.Originated(1.0, ME, False, 3), over)
    assert timed_out[-1] == f.AttemptEnded(ME, R.OPERATOR, 1.0, OfferFailure.RING_NO_ANSWER)
    refused = told(p.Begun(0.0, ME), rang, p.Originated(1.0, ME, False, 0), over)
    assert refused[-1] == f.AttemptEnded(ME, R.OPERATOR, 1.0, OfferFailure.REJECTED)


NOT_ALLOWED = p.Ended(1.0, ME, "NOTALLOWED", 0, 0, 1.0)
ORIGINATE_FAILED = p.Originated(1.0, ME, False, 0)
LEG_OVER = ChannelOver(1.0, "acd-cb-7", 0, 0)


@pytest.mark.parametrize(
    "order",
    [
        (ORIGINATE_FAILED, NOT_ALLOWED, LEG_OVER),
        (NOT_ALLOWED, ORIGINATE_FAILED, LEG_OVER),
        (NOT_ALLOWED, LEG_OVER, ORIGINATE_FAILED),
    ],
)
def test_with_the_citizen_first_the_dialplans_word_counts_and_not_the_originates(order: tuple[AmiEvent, ...]) -> None:
    """``OriginateResponse`` overtakes ``AcdCbEnd``; the ``Hangup`` does not."""
    facts = told(p.Begun(0.0, ME), *order, operator_first=False, until=60.0)
    assert facts == [f.AttemptEnded(ME, R.WRONG_NUMBER, 1.0)]


def test_with_the_citizen_first_the_originates_failure_may_even_come_before_he_is_dialled() -> None:
    steps = (p.Dialled(0.9, ME), p.Ended(1.0, ME, "BUSY", 17, 486, 1.0), LEG_OVER)
    facts = told(p.Begun(0.0, ME), ORIGINATE_FAILED, *steps, operator_first=False, until=60.0)
    assert facts == [f.CitizenDialled(ME), f.AttemptEnded(ME, R.BUSY, 1.0)]


@pytest.mark.parametrize("order", [*permutations((ORIGINATE_FAILED, LEG_OVER))])
def test_with_the_citizen_first_a_leg_that_ends_without_a_word_is_lost_at_once(order: tuple[AmiEvent, ...]) -> None:
    facts = told(p.Begun(0.0, ME), *order, operator_first=False)
    assert facts == [f.AttemptEnded(ME, R.OPERATOR, 1.0, OfferFailure.LOST)]


def test_with_the_citizen_first_what_never_had_a_leg_is_lost_after_a_while() -> None:
    assert told(ORIGINATE_FAILED, operator_first=False, until=2.9) == []
    lost = f.AttemptEnded(ME, R.OPERATOR, 3.0, OfferFailure.LOST)
    assert told(ORIGINATE_FAILED, operator_first=False, until=3.0) == [lost]
    assert told(ORIGINATE_FAILED, p.Dialled(1.1, ME), operator_first=False, until=60.0) == [f.CitizenDialled(ME)]


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        ((p.Taken(1.0, ME, "1.7", 1.0),), R.OPERATOR),
        ((p.Taken(1.0, ME, "1.7", 1.0), p.Dialled(2.0, ME)), R.ABORTED),
        ((p.Taken(1.0, ME, "1.7", 1.0), p.Dialled(2.0, ME), p.Met(3.0, ME, 3.0)), R.CONNECTED),
    ],
)
def test_a_channel_that_dies_without_a_word_ends_its_attempt(steps: tuple[AmiEvent, ...], result: R) -> None:
    facts = told(p.Begun(0.0, ME), *steps, ChannelOver(4.0, "acd-cb-7", 16, 0))
    assert facts[-1] == f.AttemptEnded(ME, result, 4.0)


def test_the_end_is_told_once() -> None:
    end = p.Ended(5.0, ME, "BUSY", 17, 486, 5.0)
    facts = told(p.Begun(0.0, ME), p.Dialled(2.0, ME), end, ChannelOver(5.0, "acd-cb-7", 17, 0), end)
    assert [fact for fact in facts if isinstance(fact, f.AttemptEnded)] == [f.AttemptEnded(ME, R.BUSY, 5.0)]


def test_what_was_hung_up_before_it_was_there_is_hung_up_as_soon_as_it_is() -> None:
    hung_up: list[OfferId] = []
    attempts = Attempts(lambda fact: None, hung_up.append, SwitchClock())
    attempts.begin(ME, operator_first=True)
    attempts.unwanted(ME)
    attempts.not_there(ME, 0.0)
    assert hung_up == []
    attempts.take(p.Begun(1.0, ME))
    assert hung_up == [ME]


def test_an_attempt_is_not_begun_again_also_when_it_is_over() -> None:
    attempts = Attempts(lambda fact: None, lambda attempt: None, SwitchClock())
    assert attempts.begin(ME, operator_first=True)
    assert not attempts.begin(ME, operator_first=True)
    attempts.end(ME, R.BUSY, 1.0)
    assert not attempts.begin(ME, operator_first=True)
