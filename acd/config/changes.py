"""What a reload changes, in short lines for the log and for whoever did it."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import msgspec

from acd.config.city import City, CityLine
from acd.config.fields import DAYS
from acd.model.ids import LineId, OperatorId

_Flat = dict[str, str]


_CALLBACK: Final = "callback"
_SURVEY: Final = "survey"
_OPTIONAL: Final = (_CALLBACK, _SURVEY, "recording")
_NEVER: Final = "never"
"""Where a block that may be left out comes or goes, its settings are no news."""
_DATES_NAMED: Final = 5


def describe_changes(old: City, new: City) -> list[str]:
    """``line gentinfo: wrap_up 30 -> 20``; an empty list = nothing changed. Warnings do not count."""
    changes = [*_fields("", _city(old), _city(new))]
    changes += _blocks("line", _lines(old), _lines(new))
    changes += _blocks("operator", _operators(old), _operators(new))
    changes += _roster(old, new)
    changes += _blocks("webhook", _webhooks(old), _webhooks(new))
    changes += _blocks("mailed report", _mailings(old), _mailings(new))
    changes += _blocks("subject", _subjects(old), _subjects(new))
    return changes + _blocks("reason", _reasons(old), _reasons(new))


def _blocks(kind: str, old: Mapping[str, _Flat], new: Mapping[str, _Flat]) -> list[str]:
    changes = [f"{kind} {id}: removed" for id in old if id not in new]
    for id, fields in new.items():
        changes += _fields(f"{kind} {id}: ", old[id], fields) if id in old else [f"{kind} {id}: added"]
    return changes


def _fields(head: str, old: _Flat, new: _Flat) -> Iterator[str]:
    passed_over = tuple(f"{block}." for block in _OPTIONAL if _came_or_went(block, old, new))
    for name in {**old, **new}:
        if name.startswith(passed_over):
            continue
        before, after = old.get(name, "none"), new.get(name, "none")
        if before != after:
            yield f"{head}{name} {before} -> {after}"


def _came_or_went(block: str, old: _Flat, new: _Flat) -> bool:
    return (old.get(block) == _NEVER) != (new.get(block) == _NEVER)


def _city(city: City) -> _Flat:
    policy = city.policy
    flat = {"city": city.name, "closing_days": _text(city.closing_days)}
    flat |= {name: _text(getattr(policy, name)) for name in ("confirm_timeout", "ringing_timeout", "offer_margin")}
    for block in ("routing", "offers", "desk", "outside"):
        flat |= dict(_flat(block, getattr(policy, block)))
    flat |= {"mail": _text(city.mail)}
    return flat | dict(_flat("supervision", city.supervision))


def _lines(city: City) -> dict[str, _Flat]:
    return {id: _struct(city.policy.lines[id]) | _city_line(city, id) | _survey(city, id) for id in city.lines}


def _survey(city: City, id: LineId) -> _Flat:
    """The questions in their order: their texts and the share stand beside them."""
    rule = city.policy.lines[id].survey
    return {_SURVEY: _NEVER if rule is None else _text(tuple(rule.questions))}


def _city_line(city: City, id: LineId) -> _Flat:
    line = city.lines[id]
    week = {f"hours.{day}": _text(intervals) for day, intervals in zip(DAYS, line.hours, strict=True)}
    flat = {name: text for name, text in _struct(line).items() if name not in ("hours", f"{_CALLBACK}.calling_hours")}
    return flat | week | _callback(line)


def _callback(line: CityLine) -> _Flat:
    if line.callback is None:
        return {_CALLBACK: _NEVER}
    hours = line.callback.calling_hours or ()
    by_day = zip(DAYS, hours, strict=False)
    return {_CALLBACK: "offered"} | {f"{_CALLBACK}.calling_hours.{day}": _text(given) for day, given in by_day}


def _operators(city: City) -> dict[str, _Flat]:
    return {id: _struct(operator) | _shifts(city, id) for id, operator in city.policy.operators.items()}


def _shifts(city: City, operator: OperatorId) -> _Flat:
    """By day, so that one more Friday is one line."""
    flat: dict[str, list[str]] = {}
    for shift in city.shifts:
        if operator in shift.operators:
            pauses = f" without {_text(shift.breaks)}" if shift.breaks else ""
            for day in shift.days:
                flat.setdefault(f"shifts.{DAYS[day]}", []).append(_text(shift.hours) + pauses)
    return {day: ", ".join(sorted(texts)) for day, texts in flat.items()}


def _roster(old: City, new: City) -> Iterator[str]:
    """On which dates the planner's file says something else."""
    dates = sorted(old.roster.keys() | new.roster.keys())
    changed = [str(day) for day in dates if old.roster.get(day) != new.roster.get(day)]
    if changed:
        more = f" and {len(changed) - _DATES_NAMED} more" if len(changed) > _DATES_NAMED else ""
        yield f"roster: changed on {', '.join(changed[:_DATES_NAMED])}{more}"


def _reasons(city: City) -> dict[str, _Flat]:
    return {id: dict(_flat("names", names)) for id, names in city.reasons.items()}


def _webhooks(city: City) -> dict[str, _Flat]:
    return {
        name: _struct(hook) | {kind: ", ".join(sorted(getattr(hook, kind))) or "none" for kind in ("kinds", "lines")}
        for name, hook in city.webhooks.items()
    }


def _mailings(city: City) -> dict[str, _Flat]:
    return {name: {"settings": str(mailing)} for name, mailing in city.mailings.items()}


def _subjects(city: City) -> dict[str, _Flat]:
    return {id: dict(_flat("names", names)) for id, names in city.subjects.items()}


def _struct(value: msgspec.Struct) -> _Flat:
    return {path.removeprefix("."): text for path, text in _flat("", value)}


def _flat(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Each value inside ``value`` with its dotted path."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}", inner)
    else:
        yield path, _text(value)


def _text(value: object) -> str:
    match value:
        case None | () | "":
            return "none"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(_text(item) for item in value)
        case _:
            return str(value)
