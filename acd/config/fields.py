"""The values in ``queues.yaml``: how each is read, what is wrong with a bad one, and how an editor may check it."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final, TypeGuard, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, core_schema

from acd.config.city import DAY_MINUTES, Interval
from acd.config.faults import did_you_mean, shown

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([smh])")
_CLOCK: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_INTERVAL_PATTERN: Final = rf"({_CLOCK}) ?- ?({_CLOCK}|24:00)"
_INTERVAL: Final = re.compile(_INTERVAL_PATTERN)
_DAY: Final = "|".join(DAYS)
_DAYS: Final = re.compile(rf"({_DAY})(-({_DAY}))?")


class Field:
    """A kind of value: ``read`` makes it from what stands in the file, or raises ``ValueError`` with plain words."""

    def __init__(self, read: Callable[[Any], object], schema: JsonSchemaValue) -> None:
        self.read = read
        self.schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.schema)


Misfits = Iterator[tuple[tuple[str, ...], str]]
"""Where in a block, and what does not fit together there."""


def together(check: Callable[[Mapping[str, Any]], Misfits]) -> WrapValidator:
    """A rule about several values of a block. ``check`` sees them as they stand in the file, right or wrong, so that
    what does not fit together is told in one go with what is wrong by itself."""

    def validate(raw: Any, read: ValidatorFunctionWrapHandler) -> Any:
        value, errors = None, []
        try:
            value = read(raw)
        except ValidationError as invalid:
            errors = [_again(error) for error in invalid.errors(include_url=False)]
        for path, says in check(raw) if isinstance(raw, dict) else ():
            context = {"error": ValueError(says)}
            errors.append(InitErrorDetails(type="value_error", loc=path, input=raw, ctx=context))
        if errors:
            raise ValidationError.from_exception_data("together", errors)
        return value

    return WrapValidator(validate)


class OrNever:
    """A block, or the word ``never`` in its place (None)."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler.generate_schema(get_args(source)[0]))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"const": "never"}]}

    @staticmethod
    def _read(raw: Any, read: ValidatorFunctionWrapHandler) -> Any:
        if raw == "never":
            return None
        if isinstance(raw, str | bool | int | float):
            hint = did_you_mean(raw, ["never"])
            raise ValueError(f"must be a block of 'key: value' lines, or never, not {_quoted(raw)}{hint}")
        return read(raw)


def _again(error: ErrorDetails) -> InitErrorDetails:
    return InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"], ctx=error.get("ctx", {}))


def seconds(low: float, high: float, *, never: bool = False) -> Field:
    """A duration: a number of seconds, or ``30s``, ``2m``, ``1.5h``. ``never``: that word may stand there (None)."""

    def read(value: object) -> float | None:
        if never and value == "never":
            return None
        given = duration(value)
        if given is None:
            words = "seconds (30) or a duration like 30s, 2m or 1h" + (", or never" if never else "")
            raise ValueError(f"must be {words}, not {_quoted(value)}")
        if not low <= given <= high:
            raise ValueError(f"must be from {low:g} to {high:g} seconds, not {given:g}")
        return given

    pattern = "^[0-9]{1,6}(\\.[0-9]{1,3})? ?[smh]$" + ("|^never$" if never else "")
    schema = {"anyOf": [{"type": "number", "minimum": low, "maximum": high}, {"type": "string", "pattern": pattern}]}
    return Field(read, schema)


def whole_days(low: int, high: int) -> Field:
    """A number of days: ``30``, ``30d`` or ``30 days``."""

    def read(value: object) -> int:
        match = re.fullmatch(r"([0-9]{1,4}) ?(?:d|days?)?", str(value)) if type(value) in (int, str) else None
        if match is None:
            raise ValueError(f"must be days, such as 30 or 30 days, not {_quoted(value)}")
        if not low <= int(match[1]) <= high:
            raise ValueError(f"must be from {low} to {high} days, not {match[1]}")
        return int(match[1])

    text = {"type": "string", "pattern": "^[0-9]{1,4} ?(d|days?)?$"}
    return Field(read, {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, text]})


def duration(value: object) -> float | None:
    """Seconds; None = not a duration."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) * _UNITS[match[2]] if match else None


def word(pattern: str, says: str, *, number: bool = False) -> Field:
    """Text of a set form. ``number``: it may stand there without quotes although it looks like a number."""
    form = re.compile(pattern)

    def read(value: object) -> str:
        text = str(value) if number and type(value) is int else value
        if not isinstance(text, str) or not form.fullmatch(text):
            raise ValueError(f"must be {says}, not {_quoted(value)}")
        return text

    text_schema: JsonSchemaValue = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return Field(read, {"anyOf": [{"type": "integer"}, text_schema]} if number else text_schema)


def one_of(*known: str) -> Field:
    """One of these words; those that look like a number may stand there without quotes."""

    def read(value: object) -> str:
        text = str(value) if type(value) is int else value
        if text not in known:
            raise ValueError(f"must be {' or '.join(known)}, not {_quoted(value)}{did_you_mean(value, known)}")
        return str(text)

    return Field(read, {"enum": [*known, *(int(name) for name in known if name.isdigit())]})


Id = Annotated[str, word("[a-z0-9_]{1,40}", "1 to 40 lower-case letters, digits and _")]
LineKey = Annotated[
    str, word("[a-z][a-z0-9_]{1,39}", "2 to 40 lower-case letters, digits and _, beginning with a letter")
]
"""A line is an extension in the dialplan: with ``_`` in front it would be a pattern, and ``s``, ``h``, ``i`` and ``t``
have meanings of their own."""
DeviceName = Annotated[str, word("[A-Za-z0-9_]{1,40}", "1 to 40 letters, digits and _", number=True)]
Did = Annotated[str, word("[0-9]{2,15}", "the digits that the trunk delivers, such as 3292101010", number=True)]
Destination = Annotated[str, word(r"\+?[0-9]{3,15}", "a telephone number in digits, such as 3278000000", number=True)]
ShownNumber = Annotated[str, word(r"\+?[0-9][0-9 ./]{1,23}", "a telephone number such as 09 210 10 10", number=True)]
NumberPrefix = Annotated[
    str, word(r"\+[1-9][0-9]{0,11}", "the beginning of a number with its country's code, such as '+32' (in quotes)")
]
ShortNumber = Annotated[str, word("[1-9][0-9]{2,4}", "a short number of 3 to 5 digits, such as 112", number=True)]
RosterFile = Annotated[str, word(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,59}\.csv", "the name of a .csv file beside this one")]
PromptId = Annotated[str, word("[a-z0-9_-]{1,40}", "the id of a prompt: lower-case letters, digits, _ and -")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


# --- Colours --------------------------------------------------------------------------------------------------------


def rising(raw: Mapping[str, Any]) -> Misfits:
    """Of this figure more is worse."""
    amber, red = duration(raw.get("amber")), duration(raw.get("red"))
    if amber is not None and red is not None and red < amber:
        yield ("red",), f"must not be less than amber ({amber:g})"


def falling(raw: Mapping[str, Any]) -> Misfits:
    """Of this figure less is worse."""
    amber, red = duration(raw.get("amber")), duration(raw.get("red"))
    if amber is not None and red is not None and red > amber:
        yield ("red",), f"must not be more than amber ({amber:g})"


# --- Opening hours --------------------------------------------------------------------------------------------------


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def interval(value: object) -> Interval:
    """``09:00-17:00``.

    Raises:
        ValueError: it is not one; in plain words.
    """
    match = _INTERVAL.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"must be hours such as 09:00-17:00, not {_quoted(value)}")
    begin, end = _minutes(match[1]), _minutes(match[2])
    if end <= begin:
        hint = "hours past midnight are two: until 24:00, and the next day from 00:00"
        raise ValueError(f"{shown(value)} ends before it begins; {hint}")
    return Interval(begin, end)


def _split(value: object) -> list[object]:
    """The intervals of a day, still as they stand in the file."""
    match value:
        case "closed":
            return []
        case "24h":
            return [f"00:00-{DAY_MINUTES // 60}:00"]
        case list():
            return value
        case str():
            return list(value.split(","))
        case _:
            raise ValueError(f"must be hours such as 09:00-17:00, 24h or closed, not {_quoted(value)}")


def _in_order(intervals: list[Interval]) -> list[Interval]:
    intervals = sorted(intervals)
    for before, after in pairwise(intervals):
        if after.start < before.end:
            raise ValueError(f"{before} and {after} overlap")
    return intervals


def days(key: str) -> range:
    """``mon-fri`` -> 0 to 4, Monday = 0. Empty when the last comes before the first."""
    first, _, last = key.partition("-")
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


def _day_key(value: object) -> str:
    if not isinstance(value, str) or not _DAYS.fullmatch(value):
        hint = did_you_mean(value, DAYS)
        raise ValueError(f"must be a day or days: {', '.join(DAYS)}, or such as mon-fri{hint}")
    if not days(value):
        raise ValueError(f"{value} ends before it begins: the week runs from mon to sun")
    return value


def _no_day_twice(hours: Mapping[str, Any]) -> Misfits:
    seen: dict[int, str] = {}
    for key in filter(_DAYS.fullmatch, hours):
        for day in days(key):
            if day in seen:
                yield (key,), f"{DAYS[day]} is given by {seen[day]} already"
            seen.setdefault(day, key)


_INTERVAL_SCHEMA: Final = {"type": "string", "pattern": f"^{_INTERVAL_PATTERN}$"}
_DAY_PATTERN: Final = rf"^(closed|24h|{_INTERVAL_PATTERN}(, ?{_INTERVAL_PATTERN})*)$"
DayKey = Annotated[str, Field(_day_key, {"type": "string", "pattern": f"^{_DAYS.pattern}$"})]
DayHours = Annotated[
    list[Annotated[Interval, Field(interval, _INTERVAL_SCHEMA)]],
    BeforeValidator(_split),
    AfterValidator(_in_order),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": _DAY_PATTERN}, {"type": "array", "items": _INTERVAL_SCHEMA}]}
    ),
]
Hours = Annotated[dict[DayKey, DayHours], together(_no_day_twice)]


# --- Callbacks and shifts -------------------------------------------------------------------------------------------


def callback_times(raw: Mapping[str, Any]) -> Misfits:
    """The early offer is the earlier one, and somebody may be called at some time."""
    after, early = duration(raw.get("after")), duration(raw.get("early_after"))
    if after is not None and early is not None and early > after:
        yield ("early_after",), f"must not be more than after ({after:g})"
    hours = raw.get("calling_hours")
    if isinstance(hours, dict) and all(value == "closed" for value in hours.values()):
        yield ("calling_hours",), "nobody could ever be called: write 'callback: never'"


def _day_list(value: object) -> tuple[int, ...]:
    """``mon-wed, fri`` -> 0, 1, 2, 4."""
    keys = value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
    listed = [day for key in keys for day in days(_day_key(key))]
    if not listed:
        raise ValueError("must not be empty")
    if twice := [DAYS[day] for day in listed if listed.count(day) > 1]:
        raise ValueError(f"{twice[0]} is given twice")
    return tuple(sorted(listed))


def shift_breaks(raw: Mapping[str, Any]) -> Misfits:
    """A break lies within the hours of the shift."""
    hours, breaks = _read_intervals(raw.get("hours")), _read_intervals(raw.get("breaks", []))
    for pause in breaks or ():
        if hours and not any(of.start <= pause.start and pause.end <= of.end for of in hours):
            yield ("breaks",), f"{pause} is outside the hours of the shift"


def _read_intervals(value: object) -> list[Interval] | None:
    """None = not hours; that is told elsewhere."""
    try:
        return [interval(part) for part in _split(value)]
    except ValueError:
        return None


_DAY_LIST_PATTERN: Final = rf"^({_DAY})(-({_DAY}))?(, ?({_DAY})(-({_DAY}))?)*$"
DayList = Annotated[
    tuple[int, ...],
    Field(
        _day_list,
        {"anyOf": [{"type": "string", "pattern": _DAY_LIST_PATTERN}, {"type": "array", "items": {"type": "string"}}]},
    ),
]


# --- Dates ----------------------------------------------------------------------------------------------------------

_MONTHS: Final = {
    name: number
    for names in (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "january february march april may june july august september october november december",
    )
    for number, name in enumerate(names.split(), start=1)
}
_YEARLY_PATTERN: Final = rf"([1-9]|[12][0-9]|3[01]) ({'|'.join(_MONTHS)})"
_LEAP_YEAR: Final = 2000
_ISO_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(value: object) -> date:
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        raise ValueError(f"must be a date such as 2026-12-24, not {_quoted(value)}")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is not in the calendar") from None


def _yearly(value: object) -> tuple[int, int]:
    """``11 juli`` -> (7, 11). Names of months, because 07-11 is read as 7 November as often as not."""
    match = re.fullmatch(_YEARLY_PATTERN, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"must be a day and a month such as 11 juli or 11 july, not {_quoted(value)}")
    month, day = _MONTHS[match[2]], int(match[1])
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        raise ValueError(f"{value} is not in the calendar") from None
    return month, day


def closing_day(raw: Mapping[str, Any]) -> Misfits:
    """A closing day is a date, a day of every year, or a range in the right order."""
    if raw.keys() & {"date", "yearly", "first", "last"} not in ({"date"}, {"yearly"}, {"first", "last"}):
        yield (), "needs one of: date; yearly; first and last"
    first, last = raw.get("first"), raw.get("last")
    if _is_date(first) and _is_date(last) and last < first:
        yield ("last",), f"{last} is before {first}"


def _is_date(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _ISO_DATE.fullmatch(value) is not None


Date = Annotated[date, Field(_date, {"type": "string", "pattern": f"^{_ISO_DATE.pattern}$"})]
YearDay = Annotated[tuple[int, int], Field(_yearly, {"type": "string", "pattern": f"^{_YEARLY_PATTERN}$"})]


def _quoted(value: object) -> str:
    match value:
        case str():
            return f"'{shown(value)}'"
        case list() | dict():
            return "a list or a block"
        case _:
            return shown(value)
