"""Numbers, times and dates as people say them."""

import pytest

from acd.ivr.spoken import spoken

SAID = {
    "nl": {
        "number-0": "nul",
        "number-1": "één",
        "number-21": "eenentwintig",
        "number-22": "tweeëntwintig",
        "number-33": "drieëndertig",
        "number-48": "achtenveertig",
        "number-99": "negenennegentig",
        "time-0000": "middernacht",
        "time-0015": "kwart over twaalf 's nachts",
        "time-0900": "negen uur",
        "time-1015": "kwart over tien",
        "time-1030": "half elf",
        "time-1145": "kwart voor twaalf",
        "time-1230": "half één 's middags",
        "time-1700": "vijf uur in de namiddag",
        "time-2345": "kwart voor twaalf 's avonds",
        "day-monday": "maandag",
        "month-march": "maart",
        "date-31": "eenendertig",
    },
    "en": {
        "number-13": "thirteen",
        "number-40": "forty",
        "number-85": "eighty-five",
        "time-1015": "a quarter past ten",
        "time-1200": "noon",
        "time-1545": "a quarter to four in the afternoon",
        "time-2030": "half past eight in the evening",
        "day-sunday": "Sunday",
        "month-december": "December",
        "date-1": "the first of",
        "date-12": "the twelfth of",
        "date-20": "the twentieth of",
        "date-23": "the twenty-third of",
    },
    "fr": {
        "number-21": "vingt et un",
        "number-70": "septante",
        "number-71": "septante et un",
        "number-77": "septante-sept",
        "number-80": "quatre-vingts",
        "number-81": "quatre-vingt-un",
        "number-95": "nonante-cinq",
        "time-0100": "une heure",
        "time-1015": "dix heures et quart",
        "time-1145": "midi moins le quart",
        "time-1215": "midi et quart",
        "time-1430": "quatorze heures trente",
        "time-2100": "vingt et une heures",
        "day-saturday": "samedi",
        "month-august": "août",
        "date-1": "le premier",
        "date-21": "le vingt et un",
    },
}


@pytest.mark.parametrize("language", SAID)
def test_what_people_say(language: str) -> None:
    words = spoken(language)
    assert {id: words[id] for id in SAID[language]} == SAID[language]


@pytest.mark.parametrize("language", SAID)
def test_each_number_and_each_time_has_words_of_its_own(language: str) -> None:
    words = spoken(language)
    for kind, count in (("number", 100), ("time", 96), ("day", 7), ("month", 12), ("date", 31)):
        said = [text for id, text in words.items() if id.startswith(f"{kind}-")]
        assert len(said) == len(set(said)) == count


def test_a_language_without_rules_says_nothing_by_itself() -> None:
    assert spoken("de") == {}
