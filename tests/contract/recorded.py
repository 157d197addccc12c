"""Conversations that are recorded: those of ``opname``. The operator pauses the recording, and lets it go on."""

from typing import Final

from acd.model import commands as c
from acd.model.ids import CallId, LineId
from acd.model.policy import RecordingRule
from sim.phones import ANSWERS
from tests.contract.called_back import DESK, ME, QUEUED, USED
from tests.contract.language import (
    CALLED,
    Calls,
    CallsBack,
    Commands,
    Either,
    HangsUp,
    IsCutOff,
    Offers,
    PassesOn,
    Pauses,
    PutsDown,
    Scenario,
    SendsOn,
    Step,
    Until,
    Waits,
)

RECORDINGS: Final = {LineId("opname"): RecordingRule(keep=30)}
_TALK: Final = (Calls("A", "opname"), Offers("A", 1, "1001"), Until("A", "recorded"), Until("1001", "busy"), Waits(0.3))
_TOLD: Final = ("arrived", "queued opname", "dialled 1", "ringing 1", "answered 1", "recorded")
_OVER: Final = Either({"recording over", "talk ended", "gone"})
_PAUSES: Final = (Pauses("A"), Until("A", "recording paused"))
_PHONE: Final = {"1001": ANSWERS, "1002": ANSWERS}


def _back(*steps: Step, operator_first: bool) -> list[Step]:
    speak = (CallsBack(7, "1001", line="opname", operator_first=operator_first), Until(ME, "recorded"))
    return [*speak, Until("1001", "busy"), Waits(0.3), Pauses(ME), Until(ME, "recording paused"), *steps]


_SPEAK: Final = {
    True: ("rings", "taken", "citizen dialled", "they speak", "recorded", "recording paused"),
    False: ("citizen dialled", "taken", "they speak", "recorded", "recording paused"),
}


def _served(who: str, offer: int, device: str, talks: int) -> tuple[Step, ...]:
    """In a talk that is recorded, and paused as the one before; ``talks``: how many such talks he has had with it."""
    began = Until(who, "recorded, was paused", times=talks)
    pauses = (began, Pauses(who), Until(who, "recording paused", times=talks))
    return (Waits(0.3), Offers(who, offer, device), *pauses, Until(device, "busy"), Waits(0.5))


def _answers(offer: int) -> tuple[str, ...]:
    told = (f"dialled {offer}", f"ringing {offer}", f"answered {offer}")
    return (*told, "recorded, was paused", "recording paused")


_FIRST: Final = ((True, "the operator first"), (False, "the citizen first"))

RECORDED: Final = (
    Scenario(
        "the operator pauses the recording, lets it go on and pauses it again, until the talk is over",
        [
            *_TALK,
            *_PAUSES,
            Waits(0.2),
            Pauses("A", on=False),
            Until("A", "recording goes on"),
            Waits(0.2),
            Pauses("A"),
            Waits(0.2),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {"A": [*_TOLD, "recording paused", "recording goes on", "recording paused", _OVER], "1001": ["busy", "idle"]},
        _PHONE,
    ),
    Scenario(
        "what is not recorded cannot be paused",
        [Commands(c.PauseRecording("1.1-1.2", CallId("1.1"), None, on=True)), Until("1.1", "recording unchanged")],
        {"1.1": ["recording unchanged"]},
    ),
    Scenario(
        "a recording that is over is not paused any more",
        [*_TALK, HangsUp("A"), Until("A", "gone"), Until("1001", "idle"), Pauses("A")],
        {"A": [*_TOLD, _OVER, "recording unchanged"], "1001": ["busy", "idle"]},
        _PHONE,
    ),
    Scenario(
        "an engine that comes new finds it recorded, and paused",
        [
            *_TALK,
            IsCutOff(),
            *_PAUSES,
            IsCutOff(),
            Pauses("A", on=False),
            Until("A", "recording goes on"),
            HangsUp("A"),
        ],
        {
            "A": [
                *_TOLD,
                "seen talk 1 at 1001, recorded",
                "recording paused",
                "seen talk 1 at 1001, recording paused",
                "recording goes on",
                _OVER,
            ],
            "1001": ["busy", "idle"],
            "link": ["down", "up", "down", "up"],
        },
        _PHONE,
    ),
    Scenario(
        "a caller whose recording is paused is passed on: that of his next talk is told to be, too",
        [
            *_TALK,
            *_PAUSES,
            PassesOn("A", "opname"),
            Until("A", "passed on to opname, blind"),
            Until("1001", "idle"),
            Waits(0.3),
            Offers("A", 2, "1002"),
            Until("A", "recorded, was paused"),
            *_PAUSES,
            Until("1002", "busy"),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {
            "A": [
                *_TOLD,
                "recording paused",
                Either({"recording over", "talk ended", "passed on to opname, blind", "queued opname"}),
                "dialled 2",
                "ringing 2",
                "answered 2",
                "recorded, was paused",
                "recording paused",
                _OVER,
            ],
            "1001": ["busy", "idle"],
            "1002": ["busy", "idle"],
        },
        _PHONE,
    ),
    Scenario(
        "a recording that should begin paused and is not paused in time is ended",
        [
            *_TALK,
            *_PAUSES,
            PassesOn("A", "opname"),
            Until("A", "passed on to opname, blind"),
            Until("1001", "idle"),
            Waits(0.3),
            Offers("A", 2, "1002"),
            Until("A", "recorded, was paused"),
            Waits(2.5),
            Until("A", "recording over"),
            Until("1002", "busy"),
            Waits(0.3),
            HangsUp("A"),
            Until("A", "gone"),
        ],
        {
            "A": [
                *_TOLD,
                "recording paused",
                Either({"recording over", "talk ended", "passed on to opname, blind", "queued opname"}),
                "dialled 2",
                "ringing 2",
                "answered 2",
                "recorded, was paused",
                "recording over",
                Either({"talk ended", "gone"}),
            ],
            "1001": ["busy", "idle"],
            "1002": ["busy", "idle"],
        },
        _PHONE,
    ),
    *(
        Scenario(
            f"the recording of who was called back is paused, and over when the operator leaves him, {how}",
            _back(PutsDown("1001"), Until(ME, "ended connected"), operator_first=first),
            {ME: [*_SPEAK[first], Either({"recording over", "ended connected"})], "1001": USED},
            DESK,
        )
        for first, how in _FIRST
    ),
    *(
        Scenario(
            f"a fresh engine finds the recording of who was called back paused, {how}",
            _back(
                IsCutOff(),
                Pauses(ME, on=False),
                Until(ME, "recording goes on"),
                PutsDown("partner"),
                operator_first=first,
            ),
            {
                ME: [
                    *_SPEAK[first],
                    "seen talking at 1001, recording paused",
                    "recording goes on",
                    Either({"recording over", "ended connected"}),
                ],
                "1001": USED,
                "link": ["down", "up"],
            },
            DESK,
        )
        for first, how in _FIRST
    ),
    Scenario(
        "who was called back and is sent on waits like any caller, and his recording is over",
        [
            *_back(SendsOn("1001", "opname"), operator_first=True),
            Until(CALLED, "queued opname"),
            Until(ME, "ended connected"),
            Until("1001", "idle"),
            PutsDown("partner"),
            Until(CALLED, "gone"),
        ],
        {
            ME: [*_SPEAK[True], Either({"recording over", "ended connected"})],
            CALLED: ["queued opname", "gone"],
            "1001": USED,
        },
        DESK,
    ),
    *(
        Scenario(
            f"who was called back is sent on, again by the next operator, and to a colleague, {how}",
            [
                *_back(SendsOn("1001", "opname"), operator_first=first),
                Until(who, "queued opname"),
                Until(ME, "ended connected"),
                Until("1001", "idle"),
                *_served(who, 2, "1002", 1),
                IsCutOff(),
                SendsOn("1002", "opname"),
                Until("1002", "idle"),
                *_served(who, 3, "1001", 2),
                SendsOn("1001", "1003"),
                Until(who, "speaks with 1003"),
                Until("1001", "idle"),
                Waits(0.3),
                PutsDown("1003"),
                Until(who, "gone"),
                Until("1003", "idle"),
            ],
            {
                ME: [*_SPEAK[first], Either({"recording over", "ended connected"})],
                who: [
                    "queued opname",
                    *_answers(2),
                    "seen talk 2 at 1002, recording paused",
                    Either({"recording over", "talk ended", "passed on to opname, blind", "queued opname"}),
                    *_answers(3),
                    Either({"recording over", "talk ended", "passed on to 1003, blind"}),
                    "speaks with 1003",
                    "talk ended",
                    "gone",
                ],
                "1001": ["busy", "idle", "busy", "idle"],
                "1002": USED,
                "1003": USED,
                "link": ["down", "up"],
            },
            _PHONE | {"1003": ANSWERS},
        )
        for (first, how), who in zip(_FIRST, (CALLED, QUEUED), strict=True)
    ),
)
