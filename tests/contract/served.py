"""The engine is there: callers wait, are offered, talk, overflow; phones do what phones do."""

from typing import Final

from acd.model import commands as c
from acd.model.facts import CallWhereabouts as At
from acd.model.policy import OverflowTo
from sim.phones import ANSWERS, BROKEN, BUSY, DEAD, DND, RINGS, Habit
from tests.contract.language import (
    Announces,
    Asks,
    Calls,
    Commands,
    Deflects,
    Either,
    HangsUp,
    IsAt,
    Offers,
    Presses,
    PutsDown,
    Registers,
    Rings,
    Scenario,
    SendsOn,
    Unregisters,
    Until,
    Waits,
    Withdraws,
)

JOINED: Final = ("arrived", "queued gentinfo")
RUNG: Final = (*JOINED, "dialled 1", "ringing 1")
TALK: Final = (*RUNG, "answered 1")
OVER: Final = Either({"gone", "talk ended"})
"""The caller hung up first: his end and the end of his operator's leg are two channels."""

SENT_ON: Final = ("talk ended", "passed on to sportlijn, blind", "queued sportlijn")

SERVED: Final = (
    # 01
    Scenario(
        "the caller abandons",
        [Calls("A"), Waits(0.3), HangsUp("A"), Until("A", "gone")],
        {"A": [*JOINED, "gone"]},
    ),
    # 02
    Scenario(
        "connected, the caller hangs up",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            HangsUp("A"),
            Until("1001", "idle"),
        ],
        {"A": [*TALK, OVER], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 03
    Scenario(
        "connected, the operator hangs up",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            PutsDown("1001"),
            Until("A", "gone"),
            Until("1001", "idle"),
        ],
        {"A": [*TALK, "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 04
    Scenario(
        "the phone is busy",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 busy"), Asks("A"), Until("A", "found wait")],
        {"A": [*JOINED, "dialled 1", "failed 1 busy", "found wait"], "1001": []},
        {"1001": BUSY},
    ),
    Scenario(
        "the phone rings, then says busy",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 busy"), Until("1001", "idle")],
        {"A": [*RUNG, "failed 1 busy"], "1001": ["busy", "idle"]},
        {"1001": Habit(code=486, after=1.0)},
    ),
    # 05
    Scenario(
        "nobody answers",
        [Calls("A"), Offers("A", 1, "1001", 2), Until("A", "failed 1 ring_no_answer"), Until("1001", "idle")],
        {"A": [*RUNG, "failed 1 ring_no_answer"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 06
    Scenario(
        "the phone is out of order (503)",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 fault")],
        {"A": [*JOINED, "dialled 1", "failed 1 fault"], "1001": []},
        {"1001": BROKEN},
    ),
    # 07
    Scenario(
        "do not disturb (480)",
        [Calls("A"), Offers("A", 1, "1001"), Until("A", "failed 1 rejected")],
        {"A": [*JOINED, "dialled 1", "failed 1 rejected"], "1001": []},
        {"1001": DND},
    ),
    # 08
    Scenario(
        "the operator rejects (603)",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            PutsDown("1001"),
            Until("A", "failed 1 rejected"),
            Until("1001", "idle"),
        ],
        {"A": [*RUNG, "failed 1 rejected"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 09
    Scenario(
        "the phone is not registered",
        [Calls("A"), Offers("A", 1, "1002"), Until("A", "failed 1 unreachable")],
        {"A": [*JOINED, "failed 1 unreachable"], "1002": []},
    ),
    # 11
    Scenario(
        "the phone is dead",
        [Calls("A"), Offers("A", 1, "1001", 1), Until("A", "failed 1 dead"), HangsUp("A"), Until("A", "gone")],
        {"A": [*JOINED, "dialled 1", "failed 1 dead", "gone"], "1001": []},
        {"1001": DEAD},
    ),
    # 11, 14
    Scenario(
        "the phone is dead, and the caller is taken back",
        [
            Calls("A"),
            Offers("A", 1, "1001", 10),
            Until("A", "dialled 1"),
            Waits(1),
            Withdraws("A", 1),
            Until("A", "failed 1 lost"),
            IsAt("A", At.WAIT),
            Asks("A"),
            Until("A", "found wait"),
            Offers("A", 2, "1002"),
            Until("A", "answered 2"),
        ],
        {
            "A": [*JOINED, "dialled 1", "failed 1 lost", "found wait", "dialled 2", "ringing 2", "answered 2"],
            "1001": [],
            "1002": ["busy"],
        },
        {"1001": DEAD, "1002": ANSWERS},
    ),
    # 46
    Scenario(
        "the caller hangs up while it rings",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            Asks("A"),
            Until("A", "found ring 1"),
            HangsUp("A"),
            Until("1001", "idle"),
        ],
        {"A": [*RUNG, "found ring 1", "gone"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 12
    Scenario(
        "an offer for a caller who is gone",
        [
            Calls("A"),
            HangsUp("A"),
            IsAt("A", None),  # The end is told by a channel that is not quite gone yet.
            Offers("A", 1, "1001"),
            Asks("A"),
            Until("A", "found nowhere"),
        ],
        {"A": [*JOINED, "gone", Either({"not sent 1", "found nowhere"})], "1001": []},
        {"1001": ANSWERS},
    ),
    # 13
    Scenario(
        "two offers at once: the first holds",
        [Calls("A"), Offers("A", 1, "1001"), Offers("A", 2, "1002"), Until("A", "answered 1"), Waits(0.5)],
        {"A": [*JOINED, "not sent 2", "dialled 1", "ringing 1", "answered 1"], "1001": ["busy"], "1002": []},
        {"1001": ANSWERS, "1002": ANSWERS},
    ),
    # 14
    Scenario(
        "an offer is withdrawn while it rings, and another phone answers",
        [
            Calls("A"),
            Offers("A", 1, "1001", 10),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            Withdraws("A", 1),
            Until("1001", "idle"),
            Offers("A", 2, "1002"),
            Until("A", "answered 2"),
        ],
        {
            "A": [*RUNG, "failed 1 lost", "dialled 2", "ringing 2", "answered 2"],
            "1001": ["busy", "idle"],
            "1002": ["busy"],
        },
        {"1001": RINGS, "1002": ANSWERS},
    ),
    # A telephone with the key by which offers are withdrawn.
    Scenario(
        "the caller presses D while it rings: he keeps his place",
        [Calls("A"), Offers("A", 1, "1001", 10), Until("A", "ringing 1"), Presses("A", "D"), Until("1001", "idle")],
        {"A": [*RUNG, "failed 1 lost"], "1001": ["busy", "idle"]},
        {"1001": RINGS},
    ),
    # 15: what must not be done is not done.
    Scenario(
        "a withdrawal that comes too late leaves the talk alone",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Withdraws("A", 1),
            Until("A", "found talk 1"),
            Until("1001", "busy"),
            Waits(0.5),
            PutsDown("1001"),
            Until("A", "gone"),
        ],
        {"A": [*TALK, "found talk 1", "talk ended", "gone"], "1001": ["busy", "idle"]},
        {"1001": ANSWERS},
    ),
    # 22
    Scenario(
        "an announcement does not move the caller",
        [
            Calls("A"),
            Announces("A"),
            Waits(2.5),
            Asks("A"),
            Until("A", "found wait"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
        ],
        {"A": [*JOINED, "found wait", "dialled 1", "ringing 1", "answered 1"], "1001": ["busy"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the crisis message does not move the caller",
        [
            Commands(c.SetCrisis("crisis-1")),
            Calls("A"),
            Waits(2.5),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Commands(c.SetCrisis(None)),
        ],
        {"A": TALK, "1001": ["busy"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the line is full",
        [Calls("A"), Deflects("A", OverflowTo.REFUSE), Until("A", "gone", 30)],
        {"A": [*JOINED, "gone"]},
    ),
    Scenario(
        "the partner answers",
        [
            Calls("A"),
            Deflects("A", OverflowTo.PARTNER),
            Until("A", "partner answered"),
            Asks("A"),
            Until("A", "found partner"),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {"A": [*JOINED, "partner answered", "found partner", "gone"]},
    ),
    Scenario(
        "the partner is busy: the caller waits again and can be served",
        [
            Calls("A"),
            Deflects("A", OverflowTo.PARTNER),
            Until("A", "partner failed"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
        ],
        {"A": [*JOINED, "partner failed", "dialled 1", "ringing 1", "answered 1"], "1001": ["busy"]},
        {"1001": ANSWERS},
        partner=BUSY,
    ),
    Scenario(
        "the caller does not wait for the partner",
        [
            Calls("A"),
            Deflects("A", OverflowTo.PARTNER),
            Rings("partner"),
            HangsUp("A"),
            Until("A", "gone, overflowing"),
        ],
        {"A": [*JOINED, "gone, overflowing"]},
        partner=RINGS,
    ),
    # 40
    Scenario(
        "the phone unregisters while it rings",
        [
            Calls("A"),
            Offers("A", 1, "1001", 6),
            Until("A", "ringing 1"),
            Until("1001", "busy"),
            Unregisters("1001"),
            Until("A", "failed 1 ring_no_answer"),
            Until("1001", "unreachable"),
            Offers("A", 2, "1001"),
            Until("A", "failed 2 unreachable"),
        ],
        {"A": [*RUNG, "failed 1 ring_no_answer", "failed 2 unreachable"], "1001": ["busy", "unreachable"]},
        {"1001": RINGS},
    ),
    # 40, 42
    Scenario(
        "a phone goes and comes back",
        [Unregisters("1001"), Until("1001", "unreachable"), Registers("1001"), Until("1001", "idle")],
        {"1001": ["unreachable", "idle"]},
        {"1001": ANSWERS},
    ),
    # 21
    Scenario(
        "the operator sends the caller on to another line",
        [
            Calls("A"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
            Until("1001", "busy"),
            SendsOn("1001", "sportlijn"),
            Until("A", "queued sportlijn"),
            Until("1001", "idle"),
            Offers("A", 2, "1002"),
            Until("A", "answered 2"),
        ],
        {
            "A": [*TALK, *SENT_ON, "dialled 2", "ringing 2", "answered 2"],
            "1001": ["busy", "idle"],
            "1002": ["busy"],
        },
        {"1001": ANSWERS, "1002": ANSWERS},
    ),
)
