"""Conversations that are recorded: those of ``opname``. The operator pauses the recording, and lets it go on."""

from typing import Final

from acd.model import commands as c
from acd.model.ids import CallId, LineId
from acd.model.policy import RecordingRule
from sim.phones import ANSWERS
from tests.contract.called_back import DESK, ME, USED
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
                _OVER,
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
)
