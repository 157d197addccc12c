"""Random durations in seconds, from a seeded generator: the same seed gives the same durations on any machine."""

import math
from collections.abc import Callable
from random import Random

Draw = Callable[[Random], float]


def constant(value: float) -> Draw:
    return lambda rng: value


def uniform(least: float, most: float) -> Draw:
    return lambda rng: least + (most - least) * rng.random()


def exponential(mean: float) -> Draw:
    """Patience, and the gaps between arrivals of a Poisson process."""
    return lambda rng: -mean * math.log(1.0 - rng.random())


def lognormal(mean: float, spread: float = 0.6) -> Draw:
    """Conversations: most are short, a few are long.

    Args:
        mean: of the duration itself, not of its logarithm.
        spread: standard deviation of its logarithm.
    """
    centre = math.log(mean) - spread * spread / 2
    return lambda rng: math.exp(rng.gauss(centre, spread))
