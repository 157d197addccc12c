"""The survey in the dialplan: every way through it ends, and nothing stands in it that a caller sent."""

import re

import pytest

from acd.ivr.catalogue import Catalogue, survey_faults
from acd.ivr.switch import BadSetting, Site, frame_files, switch_config
from acd.model.ids import Device, LineId
from acd.model.policy import Line, Policy, SurveyQuestion, SurveyRule
from tests.ivr.dialplan_text import has, read

GENT, NIGHT = LineId("gentinfo"), LineId("nachtopvang")
SITE = Site(ami_secret="x" * 20, phone_secrets={Device("1001"): "secret"}, trunk_hosts=("192.0.2.1",))


def policy(prompt: str = "survey-courtesy", question: str = "courtesy") -> Policy:
    asked = {question: SurveyQuestion(prompt, {"nl": "Vriendelijkheid"}), "wait": SurveyQuestion("w", {"nl": "Wacht"})}
    lines = (Line(GENT, {"nl": "Gentinfo"}, survey=SurveyRule(asked, 0.25)), Line(NIGHT, {"nl": "Nacht"}))
    return Policy(lines={line.id: line for line in lines}, operators={})


def test_a_line_has_its_questions_and_one_that_excludes_it_has_none_also_after_a_reload() -> None:
    written = switch_config(policy(), SITE, {})["acd-lines.conf"].splitlines()
    assert "ACD_SURVEY_gentinfo=courtesy*survey-courtesy&wait*w" in written
    assert "ACD_SURVEY_SHARE_gentinfo=2500" in written
    assert "ACD_SURVEY_nachtopvang=" in written
    assert "ACD_SURVEY_SHARE_nachtopvang=0" in written


@pytest.mark.parametrize(("prompt", "question"), [("a&b", "q"), ("a;b", "q"), ("a", "q*r"), ("a\nb", "q")])
def test_no_setting_breaks_out_of_the_list(prompt: str, question: str) -> None:
    with pytest.raises(BadSetting):
        switch_config(policy(prompt, question), SITE, {})


def test_a_prompt_that_no_catalogue_has_is_a_fault() -> None:
    catalogue = Catalogue({"nl": {"survey-intro": "Mag het?", "survey-courtesy": "Hoe was het?"}})
    faults = [str(fault) for fault in survey_faults(catalogue, policy().lines.values())]
    assert len(faults) == 2
    assert "survey-thanks" in faults[0]
    assert "lines.gentinfo.survey.questions.wait.prompt" in faults[1]
    assert list(survey_faults(Catalogue({"nl": {}}), [Line(NIGHT, {"nl": "Nacht"})])) == []


def test_each_turn_takes_a_question_off_and_asks_it_at_most_twice() -> None:
    plan = read(frame_files()["acd-survey.conf"])
    survey = [step.args for step in plan["acd-survey"]["s"]]
    turn = survey[next(n for n, step in enumerate(plan["acd-survey"]["s"]) if step.label == "next") :]
    backs = [n for n, args in enumerate(turn) if args == "next" or args.endswith("?next")]
    taken = next(n for n, args in enumerate(turn) if "SHIFT(ACD_SURVEY_LEFT,&)" in args)
    assert backs
    assert all(taken < back for back in backs)
    ask = plan["acd-survey-ask"]["s"]
    again = [n for n, step in enumerate(ask) if step.args == "again"]
    assert [ask[n - 1].args for n in again] == ["LOCAL(left)=0"]
    assert ask[-1].app == "Return"
    assert plan["acd-survey"]["s"][-1].app == "Hangup"


def test_the_places_that_lead_there_are_there() -> None:
    frame = frame_files()
    plan = read(frame["acd.conf"]) | read(frame["acd-survey.conf"]) | read(frame["acd-callback.conf"])
    assert has(plan, "acd-second-line", "survey", "start")
    assert has(plan, "acd-survey-drawn", "s")
    assert "acd-survey.conf" in frame["extensions.conf"]
    said = re.findall(r"UserEvent\((.*)\)", frame["acd-survey.conf"])
    assert len(said) == 2
    assert all("Nonce: ${GLOBAL(ACD_NONCE)}" in event for event in said)
