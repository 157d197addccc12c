"""A waiting caller hears the offer to be called back, and says what he wants."""

from typing import Final

from acd.model.facts import CallWhereabouts as At
from sim.phones import ANSWERS, RINGS
from tests.contract.language import (
    AnswersBooking,
    Calls,
    Connects,
    Disconnects,
    HangsUp,
    IsAt,
    IsCutOff,
    Offers,
    OffersCallback,
    Presses,
    PutsDown,
    Scenario,
    SendsOn,
    Step,
    Until,
    Waits,
)
from tests.contract.served import JOINED, OVER

HEARS: Final = (*JOINED, "hears the offer")
SERVED: Final = ("dialled 1", "ringing 1", "answered 1")
WANTS: Final = (*HEARS, "wants 1")


def _hears(slots: int = 2, number: str | None = "+32470000001", *, existing: bool = False) -> list[Step]:
    """He calls, and a moment later he hears the first question."""
    offer = OffersCallback("A", slots, number, existing)
    return [Calls("A"), offer, Until("A", "hears the offer"), Waits(0.15)]


def _served() -> list[Step]:
    """An operator takes him, wherever he is in the dialogue."""
    return [Offers("A", 1, "1001"), Until("A", "answered 1"), PutsDown("1001"), Until("A", "gone")]


PROMISED: Final = (
    Scenario(
        "he says nothing to the offer and waits on",
        [*_hears(), IsAt("A", At.OFFER), Until("A", "declines"), IsAt("A", At.WAIT)],
        {"A": [*HEARS, "declines"]},
    ),
    *(
        Scenario(
            f"he presses {key} and waits on",
            [*_hears(), Presses("A", key), Until("A", "declines"), IsAt("A", At.WAIT)],
            {"A": [*HEARS, "declines"]},
        )
        for key in ("2", "0", "*")
    ),
    Scenario(
        "he accepts the number and the first moment",
        [
            *_hears(),
            Presses("A", "111"),
            Until("A", "wants 1"),
            IsAt("A", At.BOOK),
            AnswersBooking("A"),
            IsAt("A", At.BOOKED),
            Until("A", "gone"),
        ],
        {"A": [*WANTS, "gone"]},
    ),
    Scenario(
        "he wants the other moment",
        [*_hears(), Presses("A", "1121"), Until("A", "wants 2"), AnswersBooking("A"), Until("A", "gone")],
        {"A": [*HEARS, "wants 2", "gone"]},
    ),
    Scenario(
        "he goes round the moments to the first one",
        [*_hears(), Presses("A", "11221"), Until("A", "wants 1"), AnswersBooking("A"), Until("A", "gone")],
        {"A": [*WANTS, "gone"]},
    ),
    Scenario(
        "he wants to be called as soon as it is calm",
        [*_hears(), Presses("A", "113"), Until("A", "wants 0"), AnswersBooking("A"), Until("A", "gone")],
        {"A": [*HEARS, "wants 0", "gone"]},
    ),
    Scenario(
        "there is no calm moment to offer",
        [*_hears(slots=0), Presses("A", "111"), Until("A", "wants 0"), AnswersBooking("A"), Until("A", "gone")],
        {"A": [*HEARS, "wants 0", "gone"]},
    ),
    Scenario(
        "he keys in another number",
        [
            *_hears(),
            Presses("A", "12092101010#"),
            Presses("A", "11"),
            Until("A", "wants 1 at 092101010"),
            AnswersBooking("A"),
            Until("A", "gone"),
        ],
        {"A": [*HEARS, "wants 1 at 092101010", "gone"]},
    ),
    Scenario(
        "a withheld number is asked for, and a slip mended",
        [
            *_hears(number=None),
            Presses("A", "147#"),
            Waits(0.5),
            Presses("A", "0470123456#"),
            Presses("A", "11"),
            Until("A", "wants 1 at 0470123456"),
            AnswersBooking("A"),
            Until("A", "gone"),
        ],
        {"A": [*HEARS, "wants 1 at 0470123456", "gone"]},
    ),
    Scenario(
        "two numbers that are none are enough",
        [
            *_hears(number=None),
            Presses("A", "147#"),
            Waits(0.5),
            Presses("A", "12345678901234567"),
            Until("A", "declines"),
            IsAt("A", At.WAIT),
        ],
        {"A": [*HEARS, "declines"]},
    ),
    Scenario(
        "he falls silent in the middle",
        [*_hears(), Presses("A", "1"), Until("A", "declines"), IsAt("A", At.WAIT)],
        {"A": [*HEARS, "declines"]},
    ),
    Scenario(
        "the promise cannot be written",
        [
            *_hears(),
            Presses("A", "111"),
            Until("A", "wants 1"),
            AnswersBooking("A", booked=False),
            IsAt("A", At.WAIT),
            Waits(0.5),
            *_served(),
        ],
        {"A": [*WANTS, *SERVED, "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "nobody says whether the promise stands; then somebody does",
        [
            *_hears(),
            Presses("A", "111"),
            Until("A", "wants 1"),
            Waits(7.5),
            IsAt("A", At.WAIT),
            AnswersBooking("A"),
            IsAt("A", At.BOOKED),
            Until("A", "gone"),
        ],
        {"A": [*WANTS, "gone"]},
    ),
    *(
        Scenario(
            f"an operator takes him {where}",
            [*_hears(number=number), *((Presses("A", keys),) if keys else ()), *_served()],
            {"A": [*HEARS, *more, *SERVED, "talk ended", "gone"], "1001": ["busy", "idle"]},
            {"1001": ANSWERS},
        )
        for where, number, keys, more in (
            ("out of the offer", "+32470000001", "", ()),
            ("out of his number", "+32470000001", "1", ()),
            ("while he keys one in", None, "1047", ()),
            ("out of the moments", "+32470000001", "11", ()),
            ("in spite of his yes, when both cross", "+32470000001", "111", ("wants 1",)),
        )
    ),
    Scenario(
        "the operator does not answer, and he waits on",
        [*_hears(), Offers("A", 1, "1001", 2), Until("A", "failed 1 ring_no_answer"), IsAt("A", At.WAIT)],
        {"A": [*HEARS, "dialled 1", "ringing 1", "failed 1 ring_no_answer"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    *(
        Scenario(
            f"he hangs up {where}",
            [*_hears(), *((Presses("A", keys),) if keys else ()), HangsUp("A"), Until("A", "gone")],
            {"A": [*HEARS, *more, "gone"]},
        )
        for where, keys, more in (
            ("in the offer", "", ()),
            ("while his number is read", "1", ()),
            ("while he keys a number in", "1204", ()),
            ("while he hears the moments", "11", ()),
            ("while the promise is written", "111", ("wants 1",)),
        )
    ),
    Scenario(
        "he hangs up while it is confirmed",
        [
            *_hears(),
            Presses("A", "111"),
            Until("A", "wants 1"),
            AnswersBooking("A"),
            IsAt("A", At.BOOKED),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {"A": [*WANTS, "gone"]},
    ),
    Scenario(
        "he keeps the appointment that he has",
        [*_hears(existing=True), Presses("A", "1"), Until("A", "declines"), IsAt("A", At.WAIT)],
        {"A": [*HEARS, "declines"]},
    ),
    Scenario(
        "he moves the appointment that he has",
        [*_hears(existing=True), Presses("A", "221"), Until("A", "wants 2"), AnswersBooking("A"), Until("A", "gone")],
        {"A": [*HEARS, "wants 2", "gone"]},
    ),
    Scenario(
        "he cancels the appointment that he has, and waits on",
        [*_hears(existing=True), Presses("A", "3"), Until("A", "cancels"), IsAt("A", At.WAIT), Waits(0.3), *_served()],
        {"A": [*HEARS, "cancels", *SERVED, "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the engine dies in the middle: the caller is served by Queue() all the same",
        [*_hears(), Disconnects(), Presses("A", "1"), IsAt("A", At.TALK), Connects(), HangsUp("A"), Until("A", "gone")],
        {"A": [*HEARS, "seen talk at 1001", OVER], "1001": ["idle"], "link": ["up"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the engine dies while the promise is written: he waits on",
        [*_hears(), Presses("A", "111"), Until("A", "wants 1"), Disconnects(), IsAt("A", At.FALLBACK), Connects()],
        {"A": [*WANTS, "seen wait"], "link": ["up"]},
    ),
    *(
        Scenario(
            f"a fresh engine knows who {what}",
            [*_hears(existing=existing), Presses("A", keys), Until("A", word), Waits(0.2), IsCutOff()],
            {"A": [*HEARS, word, "seen wait, has declined"], "link": ["down", "up"]},
        )
        for what, existing, keys, word in (
            ("has declined", False, "2", "declines"),
            ("keeps what he has", True, "1", "declines"),
            ("has cancelled", True, "3", "cancels"),
        )
    ),
    Scenario(
        "a fresh engine knows whose promise could not be written",
        [
            *_hears(),
            Presses("A", "111"),
            Until("A", "wants 1"),
            AnswersBooking("A", booked=False),
            IsAt("A", At.WAIT),
            IsCutOff(),
        ],
        {"A": [*WANTS, "seen wait, has declined"], "link": ["down", "up"]},
    ),
    Scenario(
        "on another line he has not declined",
        [
            *_hears(),
            Presses("A", "2"),
            Until("A", "declines"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            SendsOn("1001", "sportlijn"),
            Until("A", "queued sportlijn"),
            Until("1001", "idle"),
            IsCutOff(),
        ],
        {
            "A": [
                *HEARS,
                "declines",
                *SERVED,
                "talk ended",
                "passed on to sportlijn, blind",
                "queued sportlijn",
                "seen wait",
            ],
            "1001": ["busy", "idle"],
            "link": ["down", "up"],
        },
        {"1001": ANSWERS},
    ),
    Scenario(
        "a fresh engine finds him in the dialogue",
        [*_hears(), IsCutOff(), Waits(0.2), Until("A", "declines")],
        {"A": [*HEARS, "seen offer", "declines"], "link": ["down", "up"]},
    ),
)
