"""Random times, in seconds. Each purpose has a stream of its own, seeded by name: what one uses up never moves another,
and the same seed gives the same numbers on any machine."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial
from itertools import repeat
from math import log
from operator import neg
from random import Random
from typing import Protocol

Sampler = Callable[[], float]


def stream(*name: object) -> Random:
    """The random numbers of one purpose; the same name gives the same numbers."""
    return Random("/".join(map(str, name)))


class Draw(Protocol):
    """A random time."""

    @property
    def mean(self) -> float:
        """Seconds."""
        ...

    def sampler(self, random: Random) -> Sampler:
        """Values from this stream."""
        ...


@dataclass(frozen=True)
class Value:
    """Travels to another process by its fields: compiled, nothing can be set on a frozen one, not even by pickle."""

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), astuple(self)


@dataclass(frozen=True)
class Constant(Value):
    mean: float

    def sampler(self, random: Random) -> Sampler:
        return repeat(self.mean).__next__


@dataclass(frozen=True)
class Exponential(Value):
    mean: float

    def sampler(self, random: Random) -> Sampler:
        uniform, rate = random.random, 1 / self.mean
        # What ``random.expovariate`` says, in half of its time.
        return lambda: -log(1.0 - uniform()) / rate


@dataclass(frozen=True)
class Lognormal(Value):
    """What handling times look like: many short ones, a few very long.

    Args:
        mean: seconds.
        spread: standard deviation over mean.
    """

    mean: float
    spread: float

    def sampler(self, random: Random) -> Sampler:
        variance = math.log(1 + self.spread**2)
        return partial(random.lognormvariate, math.log(self.mean) - variance / 2, math.sqrt(variance))


@dataclass(frozen=True)
class Weibull(Value):
    """Patience with a hazard that falls (``shape`` < 1: who stayed a while stays longer) or rises."""

    mean: float
    shape: float

    def sampler(self, random: Random) -> Sampler:
        return partial(random.weibullvariate, self.mean / math.gamma(1 + 1 / self.shape), self.shape)


@dataclass(frozen=True)
class Empirical(Value):
    """One of the times that were measured."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    def sampler(self, random: Random) -> Sampler:
        return partial(random.choice, self.values)


class Survival:
    """Patience as it was measured: of those who were served one knows only that theirs was longer (Kaplan and Meier,
    Journal of the American Statistical Association 53, 1958). Beyond the last who gave up it is exponential, with the
    mean rate at which all of them gave up.

    Args:
        waits: seconds, and whether he gave up then.

    Raises:
        ValueError: nobody gave up.
    """

    __slots__ = ("_left", "_tail", "_times", "mean", "waits")

    def __init__(self, waits: tuple[tuple[float, bool], ...]) -> None:
        self.waits = waits
        given_up = Counter(seconds for seconds, gave_up in waits if gave_up)
        if not given_up:
            raise ValueError("nobody gave up: that says nothing of patience")
        all_waits = sorted(seconds for seconds, _ in waits)
        self._times = sorted(given_up)
        self._left: list[float] = []
        """Share whose patience is longer than each of the times."""
        share = 1.0
        for seconds in self._times:
            share *= 1 - given_up[seconds] / (len(all_waits) - bisect_left(all_waits, seconds))
            self._left.append(share)
        self._tail = math.fsum(all_waits) / given_up.total()
        self.mean = self._area() + self._left[-1] * self._tail

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.waits,)

    def _area(self) -> float:
        steps = zip([0.0, *self._times], self._times, [1.0, *self._left], strict=False)
        return math.fsum((end - start) * share for start, end, share in steps)

    def sampler(self, random: Random) -> Sampler:
        def sample() -> float:
            share = random.random()
            n = bisect_left(self._left, -share, key=neg)
            return self._times[n] if n < len(self._times) else self._times[-1] + random.expovariate(1 / self._tail)

        return sample


NEVER = Constant(math.inf)
"""Endless patience."""
AT_ONCE = Constant(0.0)
