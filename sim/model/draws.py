"""Random times, in seconds. Each purpose has a stream of its own, seeded by name: what one uses up never moves another,
and the same seed gives the same numbers on any machine."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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


@dataclass(frozen=True, slots=True)
class Constant:
    mean: float

    def sampler(self, random: Random) -> Sampler:
        return lambda: self.mean


@dataclass(frozen=True, slots=True)
class Exponential:
    mean: float

    def sampler(self, random: Random) -> Sampler:
        return partial(random.expovariate, 1 / self.mean)


@dataclass(frozen=True, slots=True)
class Lognormal:
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


@dataclass(frozen=True, slots=True)
class Weibull:
    """Patience with a hazard that falls (``shape`` < 1: who stayed a while stays longer) or rises."""

    mean: float
    shape: float

    def sampler(self, random: Random) -> Sampler:
        return partial(random.weibullvariate, self.mean / math.gamma(1 + 1 / self.shape), self.shape)


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the times that were measured."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    def sampler(self, random: Random) -> Sampler:
        return partial(random.choice, self.values)


NEVER = Constant(math.inf)
"""Endless patience."""
AT_ONCE = Constant(0.0)
