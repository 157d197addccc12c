"""Numbers, times and dates in words, for the prompts that announcements are put together from.

Prompts: ``number-0`` to ``number-99``; ``time-0000`` to ``time-2345`` for every quarter of an hour, as one tells it,
and ``clock-0000`` to ``clock-2345``, as one writes it, which is shorter in the afternoon; ``day-monday``;
``month-january``; ``date-1`` to ``date-31``, which is said before a month.

Dutch and French are those of Belgium: *septante*, *nonante*; "kwart over tien" in the morning, with the part of the
day added when the hour alone would not tell.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def spoken(language: str) -> dict[str, str]:
    """Prompt id -> words, of every number, time and date; nothing for a language without rules here."""
    if language not in _NUMBER:
        return {}
    number, time, date = _NUMBER[language], _TIME[language], _DATE[language]
    clock = _CLOCK[language]
    quarters = [(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]
    return {
        **{f"number-{n}": number(n) for n in range(100)},
        **{f"time-{hour:02}{minute:02}": time(hour, minute) for hour, minute in quarters},
        **{f"clock-{hour:02}{minute:02}": clock(hour, minute) for hour, minute in quarters},
        **{f"day-{id}": name for id, name in zip(DAYS, _DAYS[language], strict=True)},
        **{f"month-{id}": name for id, name in zip(MONTHS, _MONTHS[language], strict=True)},
        **{f"date-{n}": date(n) for n in range(1, 32)},
    }


# --- Dutch ----------------------------------------------------------------------------------------------------------

_NL_SMALL: Final = (
    *("nul", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "elf", "twaalf"),
    *("dertien", "veertien", "vijftien", "zestien", "zeventien", "achttien", "negentien"),
)
_NL_TENS: Final = ("twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig")


def _nl_number(n: int) -> str:
    if n < 20:
        return _NL_SMALL[n]
    tens, units = _NL_TENS[n // 10 - 2], n % 10
    if units == 0:
        return tens
    first = "een" if units == 1 else _NL_SMALL[units]
    return f"{first}{'ën' if first.endswith('e') else 'en'}{tens}"


def _nl_time(hour: int, minute: int) -> str:
    if minute == 0 and hour in (0, 12):
        return "middernacht" if hour == 0 else "twaalf uur 's middags"
    now, following = _nl_number(_twelve(hour)), _nl_number(_twelve(hour + 1))
    clock = {0: f"{now} uur", 15: f"kwart over {now}", 30: f"half {following}", 45: f"kwart voor {following}"}[minute]
    part = _part(hour, ((6, "'s nachts"), (12, ""), (14, "'s middags"), (18, "in de namiddag"), (24, "'s avonds")))
    return f"{clock} {part}".strip()


def _nl_clock(hour: int, minute: int) -> str:
    """Until noon as one tells it; then the hour counts on."""
    if 6 <= hour <= 12:
        return _nl_time(hour, minute).removesuffix(" 's middags")
    return f"{_nl_number(hour)} uur" + (f" {_nl_number(minute)}" if minute else "")


# --- English --------------------------------------------------------------------------------------------------------

_EN_SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_EN_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
    "twenty": "twentieth",
    "thirty": "thirtieth",
}


def _en_number(n: int) -> str:
    if n < 20:
        return _EN_SMALL[n]
    return _EN_TENS[n // 10 - 2] + (f"-{_EN_SMALL[n % 10]}" if n % 10 else "")


def _en_time(hour: int, minute: int) -> str:
    if minute == 0 and hour in (0, 12):
        return "midnight" if hour == 0 else "noon"
    now, following = _en_number(_twelve(hour)), _en_number(_twelve(hour + 1))
    clock = {0: f"{now} o'clock", 15: f"a quarter past {now}", 30: f"half past {now}", 45: f"a quarter to {following}"}
    part = _part(hour, ((6, "at night"), (12, ""), (18, "in the afternoon"), (24, "in the evening")))
    return f"{clock[minute]} {part}".strip()


def _en_clock(hour: int, minute: int) -> str:
    half = "A M" if hour < 12 else "P M"
    return f"{_en_number(_twelve(hour))} {f'{_en_number(minute)} ' if minute else ''}{half}"


def _en_date(n: int) -> str:
    tens, dash, last = _en_number(n).rpartition("-")
    return f"the {tens}{dash}{_EN_ORDINALS.get(last, last + 'th')} of"


# --- French ---------------------------------------------------------------------------------------------------------

_FR_SMALL: Final = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
    *("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"),
)
_FR_TENS: Final = ("vingt", "trente", "quarante", "cinquante", "soixante", "septante", "quatre-vingt", "nonante")


def _fr_number(n: int) -> str:
    if n < 20:
        return _FR_SMALL[n]
    tens, units = _FR_TENS[n // 10 - 2], n % 10
    if units == 0:
        return "quatre-vingts" if n == 80 else tens
    return f"{tens} et un" if units == 1 and n != 81 else f"{tens}-{_FR_SMALL[units]}"


def _fr_hour(hour: int) -> str:
    number = _fr_number(hour)
    number = f"{number}e" if number.endswith("un") else number
    return f"{number} heure{'s' if hour > 1 else ''}"


def _fr_time(hour: int, minute: int) -> str:
    if hour in (0, 12):
        return ("minuit", "midi")[hour // 12] + {0: "", 15: " et quart", 30: " et demi", 45: " quarante-cinq"}[minute]
    if hour > 12:
        return f"{_fr_hour(hour)} {_fr_number(minute)}" if minute else _fr_hour(hour)
    if minute == 45:
        return ("midi" if hour == 11 else _fr_hour(hour + 1)) + " moins le quart"
    return _fr_hour(hour) + {0: "", 15: " et quart", 30: " et demie"}[minute]


def _fr_date(n: int) -> str:
    return "le premier" if n == 1 else f"le {_fr_number(n)}"


# --- All ------------------------------------------------------------------------------------------------------------


def _twelve(hour: int) -> int:
    """The hour on a dial."""
    return (hour - 1) % 12 + 1


def _part(hour: int, parts: Sequence[tuple[int, str]]) -> str:
    return next(name for end, name in parts if hour < end)


_NUMBER: Final[Mapping[str, Callable[[int], str]]] = {"nl": _nl_number, "en": _en_number, "fr": _fr_number}
_TIME: Final[Mapping[str, Callable[[int, int], str]]] = {"nl": _nl_time, "en": _en_time, "fr": _fr_time}
_CLOCK: Final[Mapping[str, Callable[[int, int], str]]] = {"nl": _nl_clock, "en": _en_clock, "fr": _fr_time}
_DATE: Final[Mapping[str, Callable[[int], str]]] = {"nl": _nl_number, "en": _en_date, "fr": _fr_date}
_DAYS: Final[Mapping[str, Sequence[str]]] = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_MONTHS: Final[Mapping[str, Sequence[str]]] = {
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    "en": tuple(month.capitalize() for month in MONTHS),
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
}
