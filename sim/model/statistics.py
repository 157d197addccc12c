"""What replications say together: means with 95 % confidence intervals."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

OUTSIDE: Final = 0.05
"""Chance that the truth lies outside an interval."""


class Estimate(msgspec.Struct, frozen=True):
    """A mean, and how far the truth may be from it."""

    mean: float
    half: float
    """Half the width of the 95 % confidence interval (Student's t); infinite for one replication."""
    n: int
    """Replications that had a value."""

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half

    @property
    def certain(self) -> bool:
        """Of a difference: it is there, in one direction."""
        return self.n > 1 and abs(self.mean) > self.half

    def among(self, many: int) -> "Estimate":
        """The wider interval of one of ``many`` that are looked at together, so that all of them hold with 95 %.

        Else, of twenty half-hours without any difference, one would seem to have one. Source: Bonferroni.
        """
        if self.n < 2 or many < 2:
            return self
        wider = student_t(self.n - 1, OUTSIDE / many) / student_t(self.n - 1)
        return Estimate(self.mean, self.half * wider, self.n)

    def covers(self, value: float) -> bool:
        return self.low <= value <= self.high


def estimate(values: Iterable[float | None]) -> Estimate | None:
    """The mean of independent replications; None when none has a value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    if len(known) == 1:
        return Estimate(known[0], math.inf, 1)
    error = statistics.stdev(known) / math.sqrt(len(known))
    return Estimate(statistics.fmean(known), student_t(len(known) - 1) * error, len(known))


def ratio_of_sums(parts: Sequence[float], wholes: Sequence[float]) -> Estimate | None:
    """All parts over all wholes: for shares of so few calls a replication that their mean would mislead.

    Source: the ratio estimator of survey sampling; W. G. Cochran, Sampling Techniques, chapter 6.
    """
    pairs = list(zip(parts, wholes, strict=True))
    total = math.fsum(wholes)
    if not total:
        return None
    share = math.fsum(parts) / total
    off = estimate(part - share * whole for part, whole in pairs)
    assert off is not None
    return Estimate(share, off.half * len(pairs) / total, len(pairs))


def difference(after: Sequence[float | None], before: Sequence[float | None]) -> Estimate | None:
    """What a change brings, of pairs that saw the same calls: the noise that both share cancels out."""
    pairs = zip(after, before, strict=True)
    return estimate(a - b if a is not None and b is not None else None for a, b in pairs)


def student_t(freedom: int, p: float = OUTSIDE) -> float:
    """What Student's t exceeds in either direction with chance ``p``.

    Source: G. W. Hill, algorithm 396, Communications of the ACM 13 (1970).
    """
    if freedom == 1:
        return math.cos(p * math.pi / 2) / math.sin(p * math.pi / 2)
    if freedom == 2:
        return math.sqrt(2 / (p * (2 - p)) - 2)
    a = 1 / (freedom - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * freedom
    y = (d * p) ** (2 / freedom)
    if y > 0.05 + a:
        x = statistics.NormalDist().inv_cdf(p / 2)
        y = x * x
        if freedom < 5:
            c += 0.3 * (freedom - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y**2)
    else:
        y = (
            (1 / (((freedom + 6) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2) * 3) + 0.5 / (freedom + 4)) * y
            - 1
        ) * (freedom + 1) / (freedom + 2) + 1 / y
    return math.sqrt(freedom * y)
