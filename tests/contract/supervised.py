"""What a supervisor does, as far as the switch has a part in it."""

from typing import Final

from acd.model import commands as c
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import LineId
from sim.phones import ANSWERS, RINGS, Habit
from tests.contract.language import (
    Calls,
    Commands,
    Connects,
    Disconnects,
    EndsSpy,
    HangsUp,
    IsAt,
    IsOn,
    Offers,
    PutsDown,
    Reroutes,
    Scenario,
    Spies,
    Until,
    Waits,
)
from tests.contract.served import JOINED, OVER, TALK

GENTINFO: Final = LineId("gentinfo")
SPEAKS: Final = Habit(voice=20.0)
"""Asterisk's ChanSpy() notices that its listener is gone only while there is sound."""
TALKING: Final = (Calls("A"), Offers("A", 1, "1001"), Until("A", "answered 1"))

SUPERVISED: Final = (
    Scenario(
        "a waiting caller is moved to another line, and an engine that comes new finds him there at his old moment",
        [
            Calls("A"),
            Waits(0.2),
            Reroutes("A", "sportlijn"),
            Disconnects(),
            Connects(),
            IsOn("A", "sportlijn"),
            Offers("A", 1, "1001"),
            Until("A", "answered 1"),
        ],
        {
            "A": [*JOINED, "seen wait", "dialled 1", "ringing 1", "answered 1"],
            "link": ["up"],
            "1001": ["busy"],
        },
        {"1001": ANSWERS},
    ),
    Scenario(
        "a line is closed by hand: who waits stays, who comes is told so, and nothing is left of it afterwards",
        [
            Calls("A"),
            Commands(c.SetLineOpen(GENTINFO, open=False)),
            Waits(0.2),
            Calls("B"),
            Until("B", "gone"),
            IsAt("A", At.WAIT),
            Commands(c.SetLineOpen(GENTINFO, None)),
            Waits(0.2),
            Calls("C"),
            HangsUp("C"),
            Until("C", "gone"),
        ],
        {"A": JOINED, "B": ["arrived", "menu ended", "gone"], "C": [*JOINED, "gone"]},
    ),
    Scenario(
        "a supervisor listens until the caller hangs up",
        [*TALKING, Spies("A", 5, "1002"), Until("spy 5", "hears"), HangsUp("A"), Until("spy 5", "over")],
        {"A": [*TALK, OVER], "1001": ["busy", "idle"], "1002": ["busy", "idle"], "spy 5": ["hears", "over"]},
        {"1001": SPEAKS, "1002": ANSWERS},
    ),
    Scenario(
        "a supervisor listens and hangs up: the others speak on",
        [
            *TALKING,
            Spies("A", 5, "1002"),
            Until("spy 5", "hears"),
            PutsDown("1002"),
            Until("spy 5", "over"),
            Until("1002", "idle"),
            IsAt("A", At.TALK),
        ],
        {"A": TALK, "1001": ["busy"], "1002": ["busy", "idle"], "spy 5": ["hears", "over"]},
        {"1001": SPEAKS, "1002": ANSWERS},
    ),
    Scenario(
        "the engine ends the listening in",
        [*TALKING, Spies("A", 5, "1002"), Until("spy 5", "hears"), EndsSpy(5), Until("1002", "idle")],
        {"A": TALK, "1001": ["busy"], "1002": ["busy", "idle"], "spy 5": ["hears", "over"]},
        {"1001": SPEAKS, "1002": ANSWERS},
    ),
    Scenario(
        "the supervisor's phone is not picked up",
        [*TALKING, Spies("A", 5, "1002"), Until("1002", "busy"), EndsSpy(5), Until("1002", "idle")],
        {"A": TALK, "1001": ["busy"], "1002": ["busy", "idle"], "spy 5": ["not_answered"]},
        {"1001": ANSWERS, "1002": RINGS},
    ),
    Scenario(
        "the supervisor's phone is not registered",
        [*TALKING, Spies("A", 5, "1003"), Until("spy 5", "not_answered")],
        {"A": TALK, "1001": ["busy"], "spy 5": ["not_answered"]},
        {"1001": ANSWERS},
    ),
    Scenario(
        "the conversation is over before the supervisor picks up",
        [
            *TALKING,
            Spies("A", 5, "1002"),
            Until("1002", "busy"),
            HangsUp("A"),
            Until("spy 5", "failed"),
            Until("1002", "idle"),
        ],
        {"A": [*TALK, OVER], "1001": ["busy", "idle"], "1002": ["busy", "idle"], "spy 5": ["failed"]},
        {"1001": ANSWERS, "1002": Habit(after=1.5)},
    ),
    Scenario(
        "nobody talks: there is nothing to listen to",
        [Calls("A"), Spies("A", 5, "1002"), Until("spy 5", "failed")],
        {"A": JOINED, "1002": [], "spy 5": ["failed"]},
        {"1002": ANSWERS},
    ),
    Scenario(
        "an engine that comes new finds the supervisor in the conversation",
        [
            *TALKING,
            Spies("A", 5, "1002"),
            Until("spy 5", "hears"),
            Until("1002", "busy"),
            Disconnects(),
            Connects(),
            Until("spy 5", "seen, hears"),
            EndsSpy(5),
            Until("spy 5", "over"),
        ],
        {
            "A": [*TALK, "seen talk 1 at 1001"],
            "link": ["up"],
            "1001": ["busy"],
            "1002": ["busy", "idle"],
            "spy 5": ["hears", "seen, hears", "over"],
        },
        {"1001": SPEAKS, "1002": ANSWERS},
    ),
)
