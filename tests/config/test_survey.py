"""The survey in queues.yaml: inherited, given anew, left out by a line; its faults, and what a reload says of it."""

import json
from typing import Any

import pytest

from acd.config import City, ConfigError
from acd.config.changes import describe_changes
from acd.config.loader import parse
from acd.model.ids import LineId

ASKED = {"prompt": "survey-courtesy", "names": {"nl": "Vriendelijkheid"}}


def city(survey: Any, own: Any = None, line: str = "gentinfo") -> City:
    first: dict[str, Any] = {"names": {"nl": "Gentinfo"}}
    if own is not None:
        first["survey"] = own
    lines = {line: first, "shelter": {"names": {"nl": "Opvang"}, "survey": "never"}}
    defaults = {"hours": {"mon-fri": "09:00-17:00"}, "survey": survey}
    block = {"city": "Gent", "defaults": defaults, "lines": lines, "reasons": {"lunch": {"nl": "Lunch"}}}
    return parse(json.dumps(block, indent=1).encode())


def test_a_line_has_the_questions_of_the_city_or_all_its_own_or_none() -> None:
    both = {"share": 0.25, "questions": {"courtesy": ASKED, "wait": ASKED}}
    loaded = city(both, {"questions": {"help": ASKED}}).policy.lines
    rule = loaded[LineId("gentinfo")].survey
    assert rule is not None
    assert (list(rule.questions), rule.share) == (["help"], 0.25)
    assert rule.questions["help"].names["fr"] == "Vriendelijkheid"
    assert loaded[LineId("shelter")].survey is None


@pytest.mark.parametrize(
    ("survey", "where"),
    [
        ({"share": 1.5, "questions": {"courtesy": ASKED}}, "defaults.survey.share"),
        ({"questions": {}}, "defaults.survey.questions"),
        ({"questions": {f"q{n}": ASKED for n in range(6)}}, "defaults.survey.questions"),
        ({"questions": {"a*b": ASKED}}, "defaults.survey.questions.a*b"),
        ({"questions": {"courtesy": {**ASKED, "prompt": "a&b"}}}, "defaults.survey.questions.courtesy.prompt"),
    ],
)
def test_a_fault_is_told_once_with_its_line(survey: Any, where: str) -> None:
    with pytest.raises(ConfigError) as found:
        city(survey)
    [fault] = found.value.faults
    assert fault.path == where
    assert fault.line > 1


def test_a_survey_without_questions_is_a_fault() -> None:
    with pytest.raises(ConfigError) as found:
        city({"share": 0.5})
    assert "defaults.survey.questions" in [fault.path for fault in found.value.faults]


def test_no_line_may_be_called_survey() -> None:
    with pytest.raises(ConfigError, match="where operators send callers"):
        city("never", line="survey")


def test_a_reload_says_what_changes() -> None:
    old = city({"questions": {"courtesy": ASKED, "wait": ASKED}})
    new = city({"share": 0.5, "questions": {"wait": ASKED, "courtesy": ASKED}})
    assert describe_changes(old, new) == [
        "line gentinfo: survey.share 0 -> 0.5",
        "line gentinfo: survey courtesy, wait -> wait, courtesy",
    ]
    assert describe_changes(city("never"), new) == ["line gentinfo: survey never -> wait, courtesy"]
