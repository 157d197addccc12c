"""The survey after a conversation. ``toerisme`` asks everybody, ``lez`` whom an operator sends, ``gentinfo`` nobody."""

from typing import Final

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import LineId
from acd.model.policy import SurveyQuestion, SurveyRule
from sim.phones import ANSWERS
from tests.contract.called_back import DESK, ME, SPEAK, USED
from tests.contract.language import (
    Calls,
    CallsBack,
    Either,
    EndsCallBack,
    HangsUp,
    IsAt,
    IsCutOff,
    Offers,
    PassesOn,
    Presses,
    PutsDown,
    Scenario,
    SendsOn,
    Step,
    Until,
    Waits,
)

_QUESTIONS: Final = {id: SurveyQuestion(f"survey-{id}", {"nl": id}) for id in ("courtesy", "information", "wait")}
SURVEYS: Final = {
    LineId("lez"): SurveyRule(_QUESTIONS),
    LineId("toerisme"): SurveyRule(_QUESTIONS, share=1.0),
}
_PHONE: Final = {"1001": ["busy", "idle"]}


def _talk(line: str) -> tuple[Step, ...]:
    return (Calls("A", line), Offers("A", 1, "1001"), Until("A", "answered 1"), Until("1001", "busy"), Waits(0.3))


def _story(line: str, *after: str) -> dict[str, list[str]]:
    told = ["arrived", f"queued {line}", "dialled 1", "ringing 1", "answered 1", "talk ended", *after, "gone"]
    return {"A": told, **_PHONE}


def _sampled(*steps: Step) -> list[Step]:
    return [*_talk("toerisme"), PutsDown("1001"), Until("A", "is asked"), Waits(0.5), *steps]


def _back(line: str, *steps: Step, operator_first: bool = True) -> list[Step]:
    """Who was called back hangs up once he has given one score."""
    speak = (CallsBack(7, "1001", line=line, operator_first=operator_first), Until(ME, "they speak"))
    gives = (Waits(0.5), Presses("partner", "8"), Until(ME, "courtesy 8"), PutsDown("partner"))
    return [*speak, Until("1001", "busy"), Waits(0.3), *steps, *gives]


_SPEAK: Final = {True: SPEAK, False: ("citizen dialled", "taken", "they speak")}


def _asked(operator_first: bool, how: str = "is asked") -> list[str | Either]:
    """One channel tells the end of the attempt, and the other that he is asked; citizen first, they are the same."""
    over = [Either({"ended connected", how})] if operator_first else ["ended connected", how]
    return [*_SPEAK[operator_first], *over, "courtesy 8"]


_FIRST: Final = ((True, "the operator first"), (False, "the citizen first"))

SURVEYED: Final = (
    Scenario(
        "he gives a score to each question, ten with one key and with two, and the call ends",
        _sampled(
            Presses("A", "7"),
            Until("A", "courtesy 7"),
            Waits(0.3),
            Presses("A", "0"),
            Until("A", "information 10"),
            Waits(0.3),
            Presses("A", "10"),
            Until("A", "gone"),
        ),
        _story("toerisme", "is asked", "courtesy 7", "information 10", "wait 10"),
        {"1001": ANSWERS},
    ),
    Scenario(
        "he skips a question, and a one is a one after a moment",
        _sampled(
            Presses("A", "*"),
            Waits(0.3),
            Presses("A", "1"),
            Until("A", "information 1"),
            Presses("A", "*"),
            Until("A", "gone"),
        ),
        _story("toerisme", "is asked", "information 1"),
        {"1001": ANSWERS},
    ),
    Scenario(
        "a key that is no score is asked again, and silence is an end",
        _sampled(Presses("A", "#"), Waits(0.3), Presses("A", "4"), Until("A", "courtesy 4"), Until("A", "gone", 60)),
        _story("toerisme", "is asked", "courtesy 4"),
        {"1001": ANSWERS},
    ),
    Scenario(
        "one and another key are no score",
        _sampled(
            Presses("A", "13"),
            Waits(0.3),
            Presses("A", "5"),
            Until("A", "courtesy 5"),
            Presses("A", "*"),
            Waits(0.3),
            Presses("A", "*"),
            Until("A", "gone"),
        ),
        _story("toerisme", "is asked", "courtesy 5"),
        {"1001": ANSWERS},
    ),
    Scenario(
        "he hangs up in the middle: what he said counts",
        _sampled(Presses("A", "9"), Until("A", "courtesy 9"), IsAt("A", At.AFTER), HangsUp("A"), Until("A", "gone")),
        _story("toerisme", "is asked", "courtesy 9"),
        {"1001": ANSWERS},
    ),
    Scenario(
        "whom nobody sends, and who is of no sample, is not asked",
        [*_talk("lez"), PutsDown("1001"), Until("A", "gone")],
        _story("lez"),
        {"1001": ANSWERS},
    ),
    *(
        Scenario(
            f"the operator sends him, {how}",
            [
                *_talk("lez"),
                step,
                Until("A", "is asked, sent"),
                Waits(0.5),
                Presses("A", "8"),
                Until("A", "courtesy 8"),
                HangsUp("A"),
                Until("A", "gone"),
            ],
            _story("lez", "is asked, sent", "courtesy 8"),
            {"1001": ANSWERS},
        )
        for how, step in (("from his page", PassesOn("A", "survey")), ("with his phone", SendsOn("1001", "survey")))
    ),
    Scenario(
        "where nobody is asked, sending him ends the call",
        [*_talk("gentinfo"), PassesOn("A", "survey"), Until("A", "gone")],
        _story("gentinfo"),
        {"1001": ANSWERS},
    ),
    *(
        Scenario(
            f"who was called back is asked too when the operator hangs up, {how}",
            _back("toerisme", PutsDown("1001"), Until(ME, "is asked"), operator_first=first),
            {ME: _asked(first), "1001": USED},
            DESK,
        )
        for first, how in _FIRST
    ),
    *(
        Scenario(
            f"who was called back is asked too when the operator hangs up from his page, {how}",
            _back("toerisme", EndsCallBack(7, by_operator=True), Until(ME, "is asked"), operator_first=first),
            {ME: _asked(first), "1001": USED},
            DESK,
        )
        for first, how in _FIRST
    ),
    *(
        Scenario(
            f"a fresh engine knows whose phone to hang up, {how}",
            _back(
                "toerisme",
                IsCutOff(),
                EndsCallBack(7, by_operator=True),
                Until(ME, "is asked"),
                operator_first=first,
            ),
            {
                ME: [*_SPEAK[first], "seen talking at 1001", *_asked(first)[len(_SPEAK[first]) :]],
                "1001": USED,
                "link": ["down", "up"],
            },
            DESK,
        )
        for first, how in _FIRST
    ),
    *(
        Scenario(
            f"who was called back is sent to be asked, {how}",
            _back("lez", SendsOn("1001", "survey"), Until(ME, "is asked, sent"), operator_first=first),
            {ME: _asked(first, "is asked, sent"), "1001": USED},
            DESK,
        )
        for first, how in _FIRST
    ),
    *(
        Scenario(
            f"a fresh engine hears the answers of who was called back, and finds no call of his, {how}",
            _back("toerisme", PutsDown("1001"), Until(ME, "is asked"), Waits(0.5), IsCutOff(), operator_first=first),
            {ME: _asked(first), "1001": USED, "link": ["down", "up"]},
            DESK,
        )
        for first, how in _FIRST
    ),
    *(
        Scenario(
            f"who was called back, and whom nobody sends, is not asked, {how}",
            [
                CallsBack(7, "1001", line="lez", operator_first=first),
                Until(ME, "they speak"),
                Waits(0.2),
                PutsDown("1001"),
                Until(ME, "ended connected"),
            ],
            {ME: [*_SPEAK[first], "ended connected"], "1001": USED},
            DESK,
        )
        for first, how in _FIRST
    ),
)
