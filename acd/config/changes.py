"""What a reload changes, in short lines for the log and for whoever did it."""

from collections.abc import Iterator, Mapping
from enum import Enum

import msgspec

from acd.config.city import City
from acd.config.fields import DAYS
from acd.model.ids import LineId

_Flat = dict[str, str]


def describe_changes(old: City, new: City) -> list[str]:
    """``line gentinfo: wrap_up 30 -> 20``; an empty list = nothing changed. Warnings do not count."""
    changes = [*_fields("", _city(old), _city(new))]
    changes += _blocks("line", _lines(old), _lines(new))
    changes += _blocks("operator", _operators(old), _operators(new))
    return changes + _blocks("reason", _reasons(old), _reasons(new))


def _blocks(kind: str, old: Mapping[str, _Flat], new: Mapping[str, _Flat]) -> list[str]:
    changes = [f"{kind} {id}: removed" for id in old if id not in new]
    for id, fields in new.items():
        changes += _fields(f"{kind} {id}: ", old[id], fields) if id in old else [f"{kind} {id}: added"]
    return changes


def _fields(head: str, old: _Flat, new: _Flat) -> Iterator[str]:
    for name in {**old, **new}:
        before, after = old.get(name, "none"), new.get(name, "none")
        if before != after:
            yield f"{head}{name} {before} -> {after}"


def _city(city: City) -> _Flat:
    policy = city.policy
    flat = {"city": city.name, "closing_days": _text(city.closing_days)}
    flat |= {name: _text(getattr(policy, name)) for name in ("confirm_timeout", "ringing_timeout", "offer_margin")}
    return flat | dict(_flat("routing", policy.routing)) | dict(_flat("offers", policy.offers))


def _lines(city: City) -> dict[str, _Flat]:
    return {id: _struct(city.policy.lines[id]) | _city_line(city, id) for id in city.lines}


def _city_line(city: City, id: LineId) -> _Flat:
    line = city.lines[id]
    week = {f"hours.{day}": _text(intervals) for day, intervals in zip(DAYS, line.hours, strict=True)}
    return {name: text for name, text in _struct(line).items() if name != "hours"} | week


def _operators(city: City) -> dict[str, _Flat]:
    return {id: _struct(operator) for id, operator in city.policy.operators.items()}


def _reasons(city: City) -> dict[str, _Flat]:
    return {id: dict(_flat("names", names)) for id, names in city.reasons.items()}


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
