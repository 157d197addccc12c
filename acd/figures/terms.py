"""Which rows count: a small language that Python evaluates here and the records turn into SQL.

A comparison with something unknown does not hold, in both. All arithmetic is on doubles and in the same order, so the
two never differ in the last digit.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias

import msgspec

from acd.figures.limits import Limits


class Field(msgspec.Struct, frozen=True):
    """A field of the row, and so many seconds."""

    name: str
    plus: float = 0.0


class Since(msgspec.Struct, frozen=True):
    """Seconds from the moment in that field until now."""

    name: str


class Limit(msgspec.Struct, frozen=True):
    """A setting of the row's line, and so many seconds; unknown where the line has none."""

    name: str
    plus: float = 0.0


class Number(msgspec.Struct, frozen=True):
    value: float


class Now(msgspec.Struct, frozen=True):
    """The moment for which the figures are made."""


Operand: TypeAlias = Field | Since | Limit | Number | Now


class Always(msgspec.Struct, frozen=True):
    """Every row."""


class Among(msgspec.Struct, frozen=True):
    field: str
    values: tuple[str, ...]


class Known(msgspec.Struct, frozen=True):
    field: str


class Compare(msgspec.Struct, frozen=True):
    left: Operand
    how: str
    """One of ``< <= > >=``."""
    right: Operand


class Not(msgspec.Struct, frozen=True):
    term: "Term"


class All(msgspec.Struct, frozen=True):
    terms: tuple["Term", ...]


class Either(msgspec.Struct, frozen=True):
    terms: tuple["Term", ...]


Term: TypeAlias = Always | Among | Known | Compare | Not | All | Either

COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


OUTCOME: Final = "outcome"
"""The field by which calls can be told apart before a term looks at them."""
NEVER: Final = Either(())
"""No row."""


def both(*terms: Term) -> Term:
    """All of them."""
    return All(terms)


def holds(term: Term, row: Any, limits: Limits, now: float) -> bool:  # noqa: PLR0911 - one for each
    """Whether ``row`` counts. Its attributes are the fields; ``line`` says whose limits hold."""
    match term:
        case Always():
            return True
        case Among(field, values):
            return getattr(row, field) in values
        case Known(field):
            return getattr(row, field) is not None
        case Compare(left, how, right):
            a, b = _value(left, row, limits, now), _value(right, row, limits, now)
            return a is not None and b is not None and bool(COMPARISONS[how](a, b))
        case Not(inner):
            return not holds(inner, row, limits, now)
        case All(terms):
            return all(holds(each, row, limits, now) for each in terms)
        case Either(terms):
            return any(holds(each, row, limits, now) for each in terms)


def _value(operand: Operand, row: Any, limits: Limits, now: float) -> float | None:
    match operand:
        case Field(name, plus):
            value = getattr(row, name)
            return None if value is None else value + plus
        case Since(name):
            value = getattr(row, name)
            return None if value is None else now - value
        case Limit(name, plus):
            limit = limits.of(name, row.line)
            return None if limit is None else limit + plus
        case Number(value):
            return value
        case Now():
            return now


def bound(term: Term, limit: str, seconds: float) -> Term:
    """The same with ``seconds`` instead of the lines' own ``limit``."""

    def value(operand: Operand) -> Operand:
        if isinstance(operand, Limit) and operand.name == limit:
            return Number(seconds + operand.plus)
        return operand

    match term:
        case Compare(left, how, right):
            return Compare(value(left), how, value(right))
        case Not(inner):
            return Not(bound(inner, limit, seconds))
        case All(terms):
            return All(tuple(bound(each, limit, seconds) for each in terms))
        case Either(terms):
            return Either(tuple(bound(each, limit, seconds) for each in terms))
        case Always() | Among() | Known():
            return term


def left(  # noqa: PLR0911 - one for each
    term: Term, outcome: str | None, limits: Mapping[str, float | None]
) -> Term:
    """What is left to ask of rows whose outcome and limits are known: it holds where ``term`` holds.

    Args:
        limits: those that the line of these rows has, in seconds; None = it has none.
    """
    match term:
        case Among(name, values) if name == OUTCOME:
            return Always() if outcome in values else NEVER
        case Known(name) if name == OUTCOME:
            return NEVER if outcome is None else Always()
        case Compare(one, how, other):
            a, b = (_number(operand, limits) for operand in (one, other))
            return NEVER if a is None or b is None else Compare(a, how, b)
        case Not(inner):
            return not_so(left(inner, outcome, limits))
        case All(terms):
            return all_of(*(left(each, outcome, limits) for each in terms))
        case Either(terms):
            return any_of(*(left(each, outcome, limits) for each in terms))
        case _:
            return term


def _number(operand: Operand, limits: Mapping[str, float | None]) -> Operand | None:
    """None = unknown."""
    if not isinstance(operand, Limit):
        return operand
    seconds = limits[operand.name]
    return None if seconds is None else Number(seconds + operand.plus)


def not_so(term: Term) -> Term:
    """The opposite, in as few terms as it takes."""
    if term == NEVER:
        return Always()
    return NEVER if term == Always() else Not(term)


def all_of(*terms: Term) -> Term:
    """All of them, each once and side by side."""
    parts = dict.fromkeys(part for term in terms for part in conditions(term))
    if NEVER in parts:
        return NEVER
    return next(iter(parts), Always()) if len(parts) < 2 else All(tuple(parts))


def any_of(*terms: Term) -> Term:
    """One of them at least, each once and side by side."""
    parts = dict.fromkeys(part for term in terms for part in (term.terms if isinstance(term, Either) else (term,)))
    if Always() in parts:
        return Always()
    return next(iter(parts), NEVER) if len(parts) < 2 else Either(tuple(parts))


def conditions(term: Term) -> tuple[Term, ...]:
    """What must hold for a term to hold; () = nothing."""
    if isinstance(term, All):
        return tuple(part for each in term.terms for part in conditions(each))
    return () if term == Always() else (term,)


def fields(term: Term) -> Iterator[str]:
    """The fields of a row that ``term`` looks at."""
    match term:
        case Among(field) | Known(field):
            yield field
        case Compare(left, _, right):
            for operand in (left, right):
                if isinstance(operand, Field | Since):
                    yield operand.name
        case Not(inner):
            yield from fields(inner)
        case All(terms) | Either(terms):
            for each in terms:
                yield from fields(each)
        case Always():
            return
