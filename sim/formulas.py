"""Exact waiting-time formulas for one line with equal operators: what the simulator is tested against, and the first
guess of how many operators a half-hour needs.

Arrivals are Poisson, handling times exponential; with patience (Erlang A) or without (Erlang C). Sources: A. K. Erlang
(1917); C. Palm (1957) for abandonment; the integral form as in Zeltyn and Mandelbaum, Queueing Systems 51 (2005).
"""

import math
from collections.abc import Callable

import msgspec

_PANELS = 4000
_NEGLIGIBLE = -50.0


class Waiting(msgspec.Struct, frozen=True):
    """What callers of one line experience in the long run."""

    waits: float
    """Share of callers who have to wait at all, 0 to 1."""
    abandons: float
    """Share of callers who hang up before they are served, 0 to 1."""
    mean_wait: float
    """Seconds, over all callers, those who hang up included."""
    in_time: float
    """Share of all callers served within the time asked for, 0 to 1."""


def erlang_b(operators: int, load: float) -> float:
    """Share of callers refused when nobody can wait.

    Args:
        operators: at least 0.
        load: arrivals per second times handling time in seconds (erlang).
    """
    blocked = 1.0
    for k in range(1, operators + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(operators: int, per_hour: float, handle_time: float, within: float = 0.0) -> Waiting:
    """Callers with endless patience.

    Args:
        operators: at work all the time.
        per_hour: calls per hour.
        handle_time: mean seconds.
        within: seconds of the service level.

    Raises:
        ValueError: more work than the operators can do; the queue would grow for ever.
    """
    load = per_hour / 3600 * handle_time
    if load >= operators:
        raise ValueError(f"{load:g} erlang are too much for {operators} operators who nobody tires of waiting for")
    blocked = erlang_b(operators, load)
    waits = blocked / (1 - load / operators * (1 - blocked))
    drain = (operators - load) / handle_time
    return Waiting(waits, 0.0, waits / drain, 1 - waits * math.exp(-drain * within))


def erlang_a(operators: int, per_hour: float, handle_time: float, patience: float, within: float = 0.0) -> Waiting:
    """Callers who hang up after an exponential time.

    Args:
        operators: at work all the time, at least 1.
        per_hour: calls per hour, more than 0.
        handle_time: mean seconds.
        patience: mean seconds.
        within: seconds of the service level.
    """
    arrivals, leaving, capacity = per_hour / 3600, 1 / patience, operators / handle_time

    def weight(x: float) -> float:
        return math.exp(arrivals * -math.expm1(-leaving * x) / leaving - capacity * x)

    end = _end(lambda x: arrivals * -math.expm1(-leaving * x) / leaving - capacity * x)
    total = _integral(weight, end)
    lost = _integral(lambda x: -math.expm1(-leaving * x) * weight(x), end)
    served = _integral(lambda x: math.exp(-leaving * x) * weight(x), min(within, end))
    full = arrivals / (1 / erlang_b(operators - 1, arrivals * handle_time) + arrivals * total)
    waits, abandons = full * total, full * lost
    return Waiting(waits, abandons, abandons * patience, 1 - waits + full * served)


def _end(exponent: Callable[[float], float]) -> float:
    """Where the integrand has become nothing."""
    x = 1.0
    while exponent(x) > _NEGLIGIBLE:
        x *= 1.5
    return x


def _integral(f: Callable[[float], float], end: float) -> float:
    """From 0 to ``end`` (Simpson's rule)."""
    if end <= 0:
        return 0.0
    step = end / _PANELS / 2
    odd = math.fsum(f(step * k) for k in range(1, 2 * _PANELS, 2))
    even = math.fsum(f(step * k) for k in range(2, 2 * _PANELS, 2))
    return step / 3 * (f(0.0) + f(end) + 4 * odd + 2 * even)
