"""A citizen is called back. ``partner`` is his phone: everything that goes out through the trunk rings there."""

from typing import Final

from sim.phones import ANSWERS, BROKEN, BUSY, DEAD, DND, REJECTS, RINGS, Habit
from tests.contract.language import (
    CALLED,
    CallsBack,
    Connects,
    Disconnects,
    EndsCallBack,
    IsCutOff,
    PicksUp,
    PutsDown,
    Restarts,
    Rings,
    Scenario,
    SendsOn,
    Until,
    Waits,
)

ME: Final = "attempt 7"
TAKEN: Final = ("rings", "taken")
DIALLED: Final = (*TAKEN, "citizen dialled")
SPEAK: Final = (*DIALLED, "they speak")
USED: Final = ("busy", "idle")
DESK: Final = {"1001": ANSWERS}


def _rings(habit: Habit, seconds: float) -> float:
    """How long a phone rings: few seconds when nobody answers, longer than any machine stands still otherwise."""
    return seconds if habit.code is None else 20.0


CALL: Final = CallsBack(7, "1001")
UNKNOWN: Final = Habit(code=404, after=0.02, ring=False)
INCOMPLETE: Final = Habit(code=484, after=0.02, ring=False)
MACHINE: Final = Habit(voice=6.0)
CITIZEN: Final = Habit(voice=0.6)

CALLED_BACK: Final = (
    # 30
    Scenario(
        "operator and citizen speak, the citizen hangs up",
        [CALL, Until(ME, "they speak"), Waits(0.2), PutsDown("partner"), Until(ME, "ended connected")],
        {ME: [*SPEAK, "ended connected"], "1001": USED},
        DESK,
    ),
    Scenario(
        "operator and citizen speak, the operator hangs up",
        [CALL, Until(ME, "they speak"), Waits(0.2), PutsDown("1001"), Until(ME, "ended connected")],
        {ME: [*SPEAK, "ended connected"], "1001": USED},
        DESK,
    ),
    # 31, 32
    *(
        Scenario(
            f"the citizen: {name}",
            [CallsBack(7, "1001", ring_citizen=_rings(habit, 3)), Until(ME, f"ended {result}")],
            {ME: [*DIALLED, f"ended {result}"], "1001": USED},
            DESK,
            partner=habit,
        )
        for name, habit, result in (
            ("busy", BUSY, "busy"),
            ("does not answer", RINGS, "no_answer"),
            ("his phone is off", DND, "no_answer"),
            ("says nothing at all", DEAD, "no_answer"),
            ("declines", REJECTS, "refused"),
            ("no such number", UNKNOWN, "wrong_number"),
            ("a number too short", INCOMPLETE, "wrong_number"),
            ("the network fails", BROKEN, "fault"),
        )
    ),
    *(
        Scenario(
            f"{number} may not be called",
            [CallsBack(7, "1001", number), Until(ME, "ended wrong_number")],
            {ME: [*TAKEN, "ended wrong_number"], "1001": USED},
            DESK,
        )
        for number in ("+4912345678", "+3290012345")
    ),
    *(
        Scenario(
            f"{number!r} is no number",
            [CallsBack(7, "1001", number), Until(ME, "ended wrong_number")],
            {ME: ["ended wrong_number"]},
            DESK,
        )
        for number in ("+324701", "0470123456", "+32470123456&PJSIP/9@acd-trunk", "+32470123456\r\nAction: Logoff", "")
    ),
    # 39a, 39b
    Scenario(
        "a citizen answers, and is told from a machine",
        [
            CallsBack(7, "1001", machine_detection=True),
            Until(ME, "they speak"),
            PutsDown("partner"),
            Until(ME, "ended connected"),
        ],
        {ME: [*SPEAK, "ended connected"], "1001": USED},
        DESK,
        partner=CITIZEN,
    ),
    Scenario(
        "a citizen who says nothing is no machine",
        [CallsBack(7, "1001", machine_detection=True), Until(ME, "they speak"), PutsDown("1001")],
        {ME: [*SPEAK, "ended connected"], "1001": USED},
        DESK,
    ),
    Scenario(
        "a machine answers",
        [CallsBack(7, "1001", machine_detection=True), Until(ME, "ended machine")],
        {ME: [*DIALLED, "ended machine"], "1001": USED},
        DESK,
        partner=MACHINE,
    ),
    # 33, 34, 35
    *(
        Scenario(
            f"the operator's phone: {name}",
            [CallsBack(7, "1001", ring_time=_rings(habit, 2)), Until(ME, f"ended operator {failure}")],
            {ME: [*told, f"ended operator {failure}"], **({"1001": USED} if told else {})},
            {"1001": habit},
        )
        for name, habit, told, failure in (
            ("nobody answers", RINGS, ("rings",), "ring_no_answer"),
            ("busy", BUSY, (), "busy"),
            ("do not disturb", DND, (), "rejected"),
            ("broken", BROKEN, (), "fault"),
            ("dead", DEAD, (), "dead"),
            ("declines", REJECTS, ("rings",), "rejected"),
        )
    ),
    Scenario(
        "the operator's phone is not registered",
        [CALL, Until(ME, "ended operator unreachable")],
        {ME: ["ended operator unreachable"]},
    ),
    Scenario(
        "the operator hangs up while the citizen's phone rings",
        [CALL, Rings("partner"), PutsDown("1001"), Until(ME, "ended aborted")],
        {ME: [*DIALLED, "ended aborted"], "1001": USED},
        DESK,
        partner=RINGS,
    ),
    Scenario(
        "the engine ends it while the operator's phone rings",
        [CallsBack(7, "1001", ring_time=20), Until(ME, "rings"), EndsCallBack(7), Until(ME, "ended operator")],
        {ME: ["rings", "ended operator"], "1001": USED},
        {"1001": RINGS},
    ),
    Scenario(
        "the engine ends it in the same instant",
        [CallsBack(7, "1001", ring_time=20), EndsCallBack(7), Until(ME, "ended operator dead", 5)],
        {ME: ["ended operator dead"]},
        {"1001": DEAD},
    ),
    Scenario(
        "the engine ends it while the citizen's phone rings",
        [CALL, Rings("partner"), EndsCallBack(7), Until(ME, "ended aborted")],
        {ME: [*DIALLED, "ended aborted"], "1001": USED},
        DESK,
        partner=RINGS,
    ),
    Scenario(
        "the operator hangs up from his page while the citizen's phone rings",
        [CALL, Rings("partner"), EndsCallBack(7, by_operator=True), Until(ME, "ended aborted")],
        {ME: [*DIALLED, "ended aborted"], "1001": USED},
        DESK,
        partner=RINGS,
    ),
    Scenario(
        "the engine ends what there is not",
        [EndsCallBack(8), Until("attempt 8", "ended unknown")],
        {"attempt 8": ["ended unknown"]},
    ),
    Scenario(
        "an attempt is not begun twice",
        [CALL, CALL, Until(ME, "they speak"), CALL, PutsDown("partner"), Until(ME, "ended connected")],
        {ME: [*SPEAK, "ended connected"], "1001": USED},
        DESK,
    ),
    Scenario(
        "the operator sends the citizen on to another line, where he waits like any other caller",
        [
            CALL,
            Until(ME, "they speak"),
            Until("1001", "busy"),
            SendsOn("1001", "sportlijn"),
            Until(CALLED, "queued sportlijn"),
            Until(ME, "ended connected"),
            Until("1001", "idle"),
            IsCutOff(),
            PutsDown("partner"),
            Until(CALLED, "gone"),
        ],
        {
            ME: [*SPEAK, "ended connected"],
            CALLED: ["queued sportlijn", "seen wait", "gone"],
            "1001": USED,
            "link": ["down", "up"],
        },
        DESK,
    ),
    # The engine is killed at each stage, and its successor finds the attempt.
    Scenario(
        "a fresh engine finds the operator's phone ringing",
        [
            CallsBack(7, "1001", ring_time=20),
            Until(ME, "rings"),
            Until("1001", "busy"),
            Disconnects(),
            Connects(),
            PicksUp("1001"),
            Until(ME, "they speak"),
            PutsDown("partner"),
            Until(ME, "ended connected"),
        ],
        {
            ME: ["rings", "seen ringing at 1001", "taken", "citizen dialled", "they speak", "ended connected"],
            "1001": USED,
            "link": ["up"],
        },
        {"1001": RINGS},
    ),
    Scenario(
        "a fresh engine finds the citizen's phone ringing",
        [
            CallsBack(7, "1001", ring_citizen=20),
            Rings("partner"),
            Until(ME, "citizen dialled"),
            Until("1001", "busy"),
            Disconnects(),
            Connects(),
            PicksUp("partner"),
            Until(ME, "they speak"),
            PutsDown("1001"),
            Until(ME, "ended connected"),
        ],
        {ME: [*DIALLED, "seen dialled at 1001", "they speak", "ended connected"], "1001": USED, "link": ["up"]},
        DESK,
        partner=RINGS,
    ),
    Scenario(
        "a fresh engine finds them speaking",
        [
            CALL,
            Until(ME, "they speak"),
            Until("1001", "busy"),
            Disconnects(),
            Connects(),
            EndsCallBack(7),
            Until(ME, "ended connected"),
        ],
        {ME: [*SPEAK, "seen talking at 1001", "ended connected"], "1001": USED, "link": ["up"]},
        DESK,
    ),
    Scenario(
        "what ended while nobody listened is not found any more",
        [
            CALL,
            Rings("partner"),
            Until(ME, "citizen dialled"),
            Until("1001", "busy"),
            Disconnects(),
            PutsDown("1001"),
            Waits(0.3),
            Connects(),
            EndsCallBack(7),
            Until(ME, "ended unknown"),
        ],
        {ME: [*DIALLED, "ended unknown"], "1001": ["busy"], "link": ["up"]},
        DESK,
        partner=RINGS,
    ),
    Scenario(
        "the link breaks while they speak",
        [
            CALL,
            Until(ME, "they speak"),
            Until("1001", "busy"),
            IsCutOff(),
            PutsDown("1001"),
            Until(ME, "ended connected"),
        ],
        {ME: [*SPEAK, "seen talking at 1001", "ended connected"], "1001": USED, "link": ["down", "up"]},
        DESK,
    ),
    Scenario(
        "the switch dies while they speak",
        [CALL, Until(ME, "they speak"), Until("1001", "busy"), Restarts(), EndsCallBack(7), Until(ME, "ended unknown")],
        {ME: [*SPEAK, "ended unknown"], "1001": ["busy"], "link": ["down", "up, rebooted"]},
        DESK,
    ),
)

FIRST: Final = CallsBack(7, "1001", operator_first=False)
QUEUED: Final = "acd-cb-7"
"""The citizen's channel, when he joins his line after all."""

CITIZEN_FIRST: Final = (
    # 36
    Scenario(
        "the citizen first, then the operator",
        [FIRST, Until(ME, "they speak"), Waits(0.2), PutsDown("partner"), Until(ME, "ended connected")],
        {ME: ["citizen dialled", "taken", "they speak", "ended connected"], "1001": USED},
        DESK,
    ),
    # 37, 38
    *(
        Scenario(
            f"the citizen first: {name}",
            [CallsBack(7, "1001", operator_first=False, ring_citizen=_rings(habit, 3)), Until(ME, f"ended {result}")],
            {ME: ["citizen dialled", f"ended {result}"]},
            DESK,
            partner=habit,
        )
        for name, habit, result in (
            ("busy", BUSY, "busy"),
            ("does not answer", RINGS, "no_answer"),
            ("no such number", UNKNOWN, "wrong_number"),
        )
    ),
    # 39c
    Scenario(
        "the citizen first: a machine",
        [CallsBack(7, "1001", operator_first=False, machine_detection=True), Until(ME, "ended machine")],
        {ME: ["citizen dialled", "ended machine"]},
        DESK,
        partner=MACHINE,
    ),
    Scenario(
        "the citizen first: his number may not be called",
        [CallsBack(7, "1001", "+3290012345", operator_first=False), Until(ME, "ended wrong_number")],
        {ME: ["ended wrong_number"]},
        DESK,
    ),
    Scenario(
        "the citizen first, and no operator takes him: he joins the line",
        [
            CallsBack(7, "1001", operator_first=False, ring_time=1),
            Until(QUEUED, "queued gentinfo"),
            Until("1001", "idle"),
            PutsDown("partner"),
            Until(QUEUED, "gone"),
        ],
        {ME: ["citizen dialled", "ended aborted"], QUEUED: ["queued gentinfo", "gone"], "1001": USED},
        {"1001": RINGS},
    ),
    Scenario(
        "the citizen first, and the operator's phone is busy: he joins the line",
        [FIRST, Until(QUEUED, "queued gentinfo"), PutsDown("partner"), Until(QUEUED, "gone")],
        {ME: ["citizen dialled", "ended aborted"], QUEUED: ["queued gentinfo", "gone"]},
        {"1001": BUSY},
    ),
    Scenario(
        "the citizen first, and he hangs up while the operator's phone rings",
        [FIRST, Until("1001", "busy"), PutsDown("partner"), Until(ME, "ended aborted"), Until("1001", "idle")],
        {ME: ["citizen dialled", "ended aborted"], "1001": USED},
        {"1001": RINGS},
    ),
    Scenario(
        "the citizen first, and the operator sends him on to another line",
        [
            FIRST,
            Until(ME, "they speak"),
            Until("1001", "busy"),
            SendsOn("1001", "sportlijn"),
            Until(QUEUED, "queued sportlijn"),
            Until(ME, "ended connected"),
            Until("1001", "idle"),
            IsCutOff(),
            PutsDown("partner"),
            Until(QUEUED, "gone"),
        ],
        {
            ME: ["citizen dialled", "taken", "they speak", "ended connected"],
            QUEUED: ["queued sportlijn", "seen wait", "gone"],
            "1001": USED,
            "link": ["down", "up"],
        },
        DESK,
    ),
    Scenario(
        "the citizen first, the operator hangs up",
        [FIRST, Until(ME, "they speak"), Waits(0.2), PutsDown("1001"), Until(ME, "ended connected")],
        {ME: ["citizen dialled", "taken", "they speak", "ended connected"], "1001": USED},
        DESK,
    ),
    Scenario(
        "the citizen first: the engine dies while his phone rings",
        [
            CallsBack(7, "1001", operator_first=False, ring_citizen=20),
            Until(ME, "citizen dialled"),
            Disconnects(),
            Connects(),
            EndsCallBack(7),
            Until(ME, "ended aborted"),
        ],
        {ME: ["citizen dialled", "seen dialled at 1001", "ended aborted"], "link": ["up"]},
        DESK,
        partner=RINGS,
    ),
)
