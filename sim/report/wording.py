"""How a report writes numbers, days and names, in the reader's language."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from sim.model.statistics import Estimate
from sim.report.texts import COLUMN, Language, text
from sim.results import Unit

_DAYS: Final = (
    ("maandag", "Monday", "lundi"),
    ("dinsdag", "Tuesday", "mardi"),
    ("woensdag", "Wednesday", "mercredi"),
    ("donderdag", "Thursday", "jeudi"),
    ("vrijdag", "Friday", "vendredi"),
    ("zaterdag", "Saturday", "samedi"),
    ("zondag", "Sunday", "dimanche"),
)
_MONTHS: Final = (
    ("januari", "January", "janvier"), ("februari", "February", "février"), ("maart", "March", "mars"),
    ("april", "April", "avril"), ("mei", "May", "mai"), ("juni", "June", "juin"), ("juli", "July", "juillet"),
    ("augustus", "August", "août"), ("september", "September", "septembre"), ("oktober", "October", "octobre"),
    ("november", "November", "novembre"), ("december", "December", "décembre"),
)  # fmt: skip
_MARKS: Final = {Language.NL: (",", "."), Language.EN: (".", ","), Language.FR: (",", " ")}
"""Decimal mark, and mark of thousands."""
_POINTS: Final = {Language.NL: "punt", Language.EN: "pt", Language.FR: "pt"}
_SCALE: Final = {Unit.SHARE: 100.0, Unit.SECONDS: 1.0, Unit.COUNT: 1.0}


def number(language: Language, value: float, digits: int = 1, *, signed: bool = False) -> str:
    """``1.051,4`` in Dutch; a minus is a true minus, and nothing is ever "-0"."""
    value = round(value, digits) + 0.0
    decimal, thousands = _MARKS[language]
    plain = f"{abs(value):,.{digits}f}".translate(str.maketrans(".,", decimal + thousands))
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return sign + plain


def amount(language: Language, value: float, unit: Unit, *, signed: bool = False) -> str:
    """``94,7 %``; signed, a difference of shares in points: ``+1,2 punt``."""
    plain = number(language, value * _SCALE[unit], signed=signed)
    mark = {Unit.SHARE: _POINTS[language] if signed else "%", Unit.SECONDS: "s", Unit.COUNT: ""}[unit]
    return f"{plain} {mark}" if mark else plain


def half_width(language: Language, value: Estimate, unit: Unit) -> str:
    """``± 0,3``; empty when one replication gave no interval."""
    return "" if math.isinf(value.half) else f"± {number(language, value.half * _SCALE[unit])}"


def points(language: Language, value: float) -> str:
    """A distance between shares: ``18,9 punten``."""
    many = {Language.NL: "punten", Language.EN: "points", Language.FR: "points"}[language]
    return f"{number(language, value * 100)} {many}"


def weekdays(language: Language, which: Sequence[int]) -> str:
    """``maandag tot en met vrijdag``. Monday = 0."""
    names = [_DAYS[day][COLUMN[language]] for day in which]
    if len(which) > 2 and which[-1] - which[0] == len(which) - 1:
        return names[0] + text(language, "to") + names[-1]
    return text(language, "and").join(names)


def date_words(language: Language, weekday: int, day: int, month: int, year: int) -> str:
    """``maandag 5 oktober 2026``."""
    return f"{_DAYS[weekday][COLUMN[language]]} {day} {_MONTHS[month - 1][COLUMN[language]]} {year}"


def named(language: Language, names: Mapping[str, str], id: str) -> str:
    """What something is called in this language, or in Dutch, or its id."""
    return names.get(language) or names.get(Language.NL) or id
