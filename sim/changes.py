"""What-if: a change in a few words -> another setup, on the same callers.

==========================================  =============================================================
words                                       meaning
==========================================  =============================================================
``learn OPERATOR LINE``                     he learns a line, as his second choice
``extra DAYS HOURS LINE[,LINE...]``         one operator more: ``extra mon 10:00-12:00 gentinfo``
``without OPERATOR``                        he is not there
``calls FACTOR [LINE]``                     so many times the calls
``policy NAME``                             another routing, see :mod:`sim.policies`
``rule QUEUE_RULE OPERATOR_RULE``           the same for the engine's own: ``rule longest_waiting longest_idle``
``CHANGE + CHANGE``                         both at once: ``learn OPERATOR LINE + without OPERATOR``
``callback never``                          nobody is offered to be called back
``callback late``                           the offer comes at the line's limit (150 s), never early
``callback early``                          also after 10 s in the queue, when more than 90 s is expected
==========================================  =============================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

import msgspec
from pydantic import TypeAdapter, ValidationError

from acd.config.faults import did_you_mean, shown
from acd.config.fields import Hours, days
from acd.model.ids import Device, LineId, OperatorId
from acd.model.policy import CallbackRule, Line, Operator, OperatorRule, Policy, QueueRule
from sim.model.setup import Deferral, Setup, Shift
from sim.policies import BadPolicy, with_policy_named

LEARNT_LEVEL: Final = 2
_HOURS: Final = TypeAdapter(Hours)

T = TypeVar("T")


class BadChange(ValueError):
    """A change that cannot be understood, or names something that is not there."""


def changed(setup: Setup, words: str) -> Setup:
    """The setup after one change, or several with ``+`` between them.

    Raises:
        BadChange: with what is wrong.
    """
    for one in words.split(" + "):
        setup = _changed(setup, one)
    return setup


def _changed(setup: Setup, words: str) -> Setup:
    name, *rest = words.split() or [""]
    change = CHANGES.get(name)
    if change is None:
        raise BadChange(f"unknown change '{shown(name)}'{did_you_mean(name, CHANGES)}; known: {', '.join(CHANGES)}")
    takes, make = change
    if len(rest) not in takes:
        raise BadChange(f"'{shown(words)}' has {len(rest)} words after '{name}', not {' or '.join(map(str, takes))}")
    return make(setup, *rest)


def learn(setup: Setup, operator: str, line: str) -> Setup:
    """An operator learns a line."""
    who, what = _known(setup.policy.operators, operator, "operator"), _known(setup.policy.lines, line, "line")
    if what.id in who.lines:
        raise BadChange(f"{operator} has {line} already")
    return with_operator(setup, msgspec.structs.replace(who, lines={**who.lines, what.id: LEARNT_LEVEL}))


def extra(setup: Setup, when: str, hours: str, lines: str) -> Setup:
    """One operator more, whose lines are all his first choice."""
    ids = [_known(setup.policy.lines, line, "line").id for line in lines.split(",")]
    try:
        ((key, intervals),) = _HOURS.validate_python({when: hours}).items()
    except ValidationError as invalid:
        raise BadChange(f"'{shown(when)} {shown(hours)}': {invalid.errors()[0]['msg']}") from None
    number = 1 + sum(id.startswith("extra_") for id in setup.policy.operators)
    id = OperatorId(f"extra_{number}")
    setup = with_operator(setup, Operator(id, f"Extra {number}", Device(id), dict.fromkeys(ids, 1)))
    shifts = tuple(
        Shift(operators=(id,), weekdays=tuple(days(key)), start=i.start * 60.0, end=i.end * 60.0) for i in intervals
    )
    return replace(setup, staff=replace(setup.staff, shifts=(*setup.staff.shifts, *shifts)))


def without(setup: Setup, operator: str) -> Setup:
    """An operator stays at home."""
    id = _known(setup.policy.operators, operator, "operator").id
    shifts = (replace(s, operators=tuple(o for o in s.operators if o != id)) for s in setup.staff.shifts)
    return replace(setup, staff=replace(setup.staff, shifts=tuple(shifts)))


def calls(setup: Setup, factor: str, line: str | None = None) -> Setup:
    """More calls, or fewer."""
    try:
        times = float(factor)
    except ValueError:
        times = -1.0
    if not 0 <= times <= 100:
        raise BadChange(f"calls: the factor must be a number from 0 to 100, not '{shown(factor)}'")
    only = None if line is None else _known(setup.policy.lines, line, "line").id
    lines = {
        id: replace(demand, calls_per_day=demand.calls_per_day * times) if only in (None, id) else demand
        for id, demand in setup.demand.lines.items()
    }
    return replace(setup, demand=replace(setup.demand, lines=lines))


def rule(setup: Setup, queue_rule: str, operator_rule: str) -> Setup:
    """Another rule of the engine for who gets whom."""
    queue = _known({rule.value: rule for rule in QueueRule}, queue_rule, "queue rule")
    operator = _known({rule.value: rule for rule in OperatorRule}, operator_rule, "operator rule")
    return with_policy_named(setup, f"{queue}/{operator}")


def policy(setup: Setup, name: str) -> Setup:
    """Another who decides."""
    try:
        return with_policy_named(setup, name)
    except BadPolicy as unknown:
        raise BadChange(str(unknown)) from None


def callback(setup: Setup, when: str) -> Setup:
    """Another moment of the offer to be called back, on the lines that make one."""
    early_when = _known({"never": None, "late": 0.0, "early": CallbackRule().early_when}, when, "moment of the offer")
    if early_when is None:
        return replace(setup, deferral=None)
    lines = {
        id: line if line.callback is None else _with_early(line, line.callback, early_when)
        for id, line in setup.policy.lines.items()
    }
    setup = with_policy(setup, msgspec.structs.replace(setup.policy, lines=lines))
    return replace(setup, deferral=setup.deferral or Deferral())


def _with_early(line: Line, rule: CallbackRule, early_when: float) -> Line:
    return msgspec.structs.replace(line, callback=msgspec.structs.replace(rule, early_when=early_when))


CHANGES: Final[Mapping[str, tuple[tuple[int, ...], Callable[..., Setup]]]] = {
    "learn": ((2,), learn),
    "extra": ((3,), extra),
    "without": ((1,), without),
    "calls": ((1, 2), calls),
    "rule": ((2,), rule),
    "policy": ((1,), policy),
    "callback": ((1,), callback),
}


def with_operator(setup: Setup, operator: Operator) -> Setup:
    """An operator new or changed."""
    operators = {**setup.policy.operators, operator.id: operator}
    return with_policy(setup, msgspec.structs.replace(setup.policy, operators=operators))


def with_policy(setup: Setup, policy: Policy) -> Setup:
    return replace(setup, policy=policy)


def _known(things: Mapping[str, T] | Mapping[LineId, T] | Mapping[OperatorId, T], id: str, kind: str) -> T:
    known = {str(key): thing for key, thing in things.items()}
    if id not in known:
        raise BadChange(f"there is no {kind} '{shown(id)}'{did_you_mean(id, known)}; known: {', '.join(known)}")
    return known[id]


def next_skills(setup: Setup) -> list[str]:
    """Every ``learn`` that is possible, but one for each group of operators who are the same in skills and roster."""
    on_duty = {id for shift in setup.staff.shifts for id in shift.operators}
    found: dict[tuple[object, ...], str] = {}
    for id in sorted(on_duty):
        operator = setup.policy.operators[id]
        roster = tuple(n for n, shift in enumerate(setup.staff.shifts) if id in shift.operators)
        for line in setup.policy.lines:
            if line not in operator.lines:
                key = (tuple(sorted(operator.lines.items())), roster, line)
                found.setdefault(key, f"learn {id} {line}")
    return list(found.values())
