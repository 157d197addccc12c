"""Hold, and callers who are passed on: by the operator's phone, and by the engine for him."""

from typing import Final

from acd.model.facts import CallWhereabouts as At
from sim.phones import ANSWERS, BUSY
from tests.contract.language import (
    Calls,
    Connects,
    Disconnects,
    EndsTalk,
    HangsUp,
    Holds,
    IsAt,
    Offers,
    PassesOn,
    PutsDown,
    PutsThrough,
    Scenario,
    SendsOn,
    Until,
    Waits,
)
from tests.contract.served import OVER, TALK

_TALKS: Final = (Calls("A"), Offers("A", 1, "1001"), Until("A", "answered 1"), Until("1001", "busy"))
_PUT_THROUGH: Final = ("talk ended", "passed on to 1002, consult", "speaks with 1002")
_BOTH: Final = {"1001": ANSWERS, "1002": ANSWERS}

PASSED_ON: Final = (
    # 27
    Scenario(
        "the operator puts his caller on hold, and takes him back",
        [
            *_TALKS,
            Waits(0.3),
            Holds("1001"),
            Until("A", "on hold"),
            Waits(0.3),
            Holds("1001", False),
            Until("A", "off hold"),
            HangsUp("A"),
            Until("1001", "idle"),
        ],
        {"A": [*TALK, "on hold", "off hold", OVER], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 21
    Scenario(
        "the caller is sent on to a colleague, who answers and hangs up",
        [
            *_TALKS,
            SendsOn("1001", "1002"),
            Until("A", "speaks with 1002"),
            Waits(0.3),
            PutsDown("1002"),
            Until("A", "gone"),
            Until("1002", "idle"),
        ],
        {
            "A": [*TALK, "talk ended", "passed on to 1002, blind", "speaks with 1002", "talk ended", "gone"],
            "1001": ["busy", "idle"],
            "1002": ["busy", "idle"],
        },
        _BOTH,
    ),
    Scenario(
        "the colleague is busy, and the caller waits again",
        [*_TALKS, SendsOn("1001", "1002"), Until("A", "queued gentinfo"), IsAt("A", At.WAIT)],
        {"A": [*TALK, "talk ended", "passed on to 1002, blind", "queued gentinfo"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS, "1002": BUSY},
    ),
    Scenario(
        "a new engine finds the caller with the colleague",
        [
            *_TALKS,
            SendsOn("1001", "1002"),
            Until("A", "speaks with 1002"),
            Waits(0.3),
            Disconnects(),
            Connects(),
            Until("A", "seen talk at 1002"),
            HangsUp("A"),
            Until("1002", "idle"),
        ],
        {
            "A": [*TALK, "talk ended", "passed on to 1002, blind", "speaks with 1002", "seen talk at 1002", OVER],
            "link": ["up"],
            "1001": ["busy", "idle"],
            "1002": ["busy", "idle"],
        },
        _BOTH,
    ),
    # 28
    Scenario(
        "the operator speaks with a colleague, and puts his caller through",
        [
            *_TALKS,
            Waits(0.3),
            Holds("1001"),
            Until("A", "on hold"),
            PutsThrough("1001", "1002"),
            Until("A", "speaks with 1002"),
            Until("1001", "idle"),
            Waits(0.3),
            PutsDown("1002"),
            Until("A", "gone"),
            Until("1002", "idle"),
        ],
        {
            "A": [*TALK, "on hold", "off hold", *_PUT_THROUGH, "talk ended", "gone"],
            "1001": ["busy", "idle"],
            "1002": ["busy", "idle"],
        },
        _BOTH,
    ),
    Scenario(
        "a new engine finds whom a phone has put through",
        [
            *_TALKS,
            Waits(0.3),
            PutsThrough("1001", "1002"),
            Until("A", "speaks with 1002"),
            Until("1001", "idle"),
            Waits(0.3),
            Disconnects(),
            Connects(),
            Until("A", "seen talk at 1002"),
            HangsUp("A"),
            Until("1002", "idle"),
        ],
        {
            "A": [*TALK, "talk ended", "passed on to 1002, consult", "speaks with 1002", "seen talk at 1002", OVER],
            "link": ["up"],
            "1001": ["busy", "idle"],
            "1002": ["busy", "idle"],
        },
        _BOTH,
    ),
    Scenario(
        "the engine ends the operator's part",
        [*_TALKS, Waits(0.3), EndsTalk("A"), Until("A", "gone"), Until("1001", "idle")],
        {"A": [*TALK, "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 15
    Scenario(
        "the engine sends the caller on to another line",
        [*_TALKS, Waits(0.3), PassesOn("A", "sportlijn"), Until("A", "queued sportlijn"), Until("1001", "idle")],
        {"A": [*TALK, "talk ended", "passed on to sportlijn, blind", "queued sportlijn"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 48
    Scenario(
        "where the dialplan has no such place they speak on",
        [*_TALKS, Waits(0.3), PassesOn("A", "+19005550100"), Waits(0.5), IsAt("A", At.TALK)],
        {"A": TALK, "1001": ["busy"]},
        {"1001": ANSWERS},
    ),
)
