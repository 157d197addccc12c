"""The survey after a conversation. ``toerisme`` asks everybody, ``lez`` whom an operator sends, ``gentinfo`` nobody."""

from typing import Final

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import LineId
from acd.model.policy import SurveyQuestion, SurveyRule
from sim.phones import ANSWERS
from tests.contract.language import (
    Calls,
    HangsUp,
    IsAt,
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
)
