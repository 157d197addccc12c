"""Who works when: the roster of a day as moments at which operators log in, pause, come back and leave."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from enum import IntEnum
from random import Random
from typing import NamedTuple

from acd.model.ids import OperatorId
from sim.model.draws import stream
from sim.model.setup import Break, Setup, Shift


class Do(IntEnum):
    """At one moment people leave before others come back and new ones come."""

    LEAVE = 1
    PAUSE = 2
    RETURN = 3
    COME = 4


class Move(NamedTuple):
    """What an operator does at one moment."""

    at: float
    """Seconds since local midnight."""
    do: Do
    operator: OperatorId
    reason: str


def moves(setup: Setup, seed: int, number: int, day: date) -> list[Move]:
    """What the operators do on one day, in order of time.

    Args:
        setup: its roster.
        seed: of this replication.
        number: 0 = the first day.
        day: the date.
    """
    away = _ill(setup, seed, number)
    found = [
        move
        for shift in setup.staff.shifts
        if day.weekday() in shift.weekdays
        for operator in shift.operators
        if operator not in away and _has_work(setup, operator, day)
        if stream("shows", seed, operator, number).random() >= setup.staff.no_show
        for move in _of_shift(setup, shift, operator, (seed, operator, number, shift.start))
    ]
    found.sort()
    return found


def _of_shift(setup: Setup, shift: Shift, operator: OperatorId, name: tuple[object, ...]) -> Iterator[Move]:
    pauses = [*shift.breaks]
    if setup.staff.pauses_per_hour:
        pauses += _unplanned(setup, shift, stream("pauses", *name))
    yield from _at_work(operator, shift, pauses)


def _at_work(operator: OperatorId, shift: Shift, pauses: list[Break]) -> Iterator[Move]:
    yield Move(shift.start, Do.COME, operator, "")
    for pause in _joined(pauses):
        start, end = max(pause.start, shift.start), pause.start + pause.seconds
        if start < shift.end and end > start:
            yield Move(start, Do.PAUSE, operator, pause.reason)
            if end < shift.end:
                yield Move(end, Do.RETURN, operator, "")
    yield Move(shift.end, Do.LEAVE, operator, "")


def _joined(pauses: list[Break]) -> Iterator[Break]:
    """Pauses that overlap are one, until the last of them ends: lunch is not over when the coffee before it is."""
    last: Break | None = None
    for pause in sorted(pauses, key=lambda pause: pause.start):
        if last is None or pause.start > last.start + last.seconds:
            if last is not None:
                yield last
            last = pause
        else:
            last = replace(last, seconds=max(last.seconds, pause.start + pause.seconds - last.start))
    if last is not None:
        yield last


def _unplanned(setup: Setup, shift: Shift, random: Random) -> Iterator[Break]:
    staff = setup.staff
    length = staff.pause.sampler(random)
    at = shift.start
    while (at := at + random.expovariate(staff.pauses_per_hour / 3600)) < shift.end:
        yield Break(at, length(), staff.pause_reason)


def _ill(setup: Setup, seed: int, number: int) -> frozenset[OperatorId]:
    special = setup.special.get(number)
    share = setup.staff.ill if special is None or special.ill is None else special.ill
    if not share:
        return frozenset()
    everybody = {operator for shift in setup.staff.shifts for operator in shift.operators}
    # Each has his own luck, so that one operator more leaves the others as ill or well as they were.
    by_luck = sorted(everybody, key=lambda operator: (stream(seed, "ill", operator, number).random(), operator))
    return frozenset(by_luck[: round(share * len(everybody))])


def _has_work(setup: Setup, operator: OperatorId, day: date) -> bool:
    """Nobody comes on a day on which none of his lines opens."""
    return any(setup.hours(line, day) for line in setup.policy.operators[operator].lines if line in setup.policy.lines)
