"""What ``sim run`` and ``sim compare`` do: replications of setups, with a progress bar, on the same callers."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from acd.engine.core import Engine
from sim.changes import changed, next_skills
from sim.model.figures import Figures
from sim.model.replications import CORES, RouterOf, replications
from sim.model.setup import Setup
from sim.model.statistics import Estimate
from sim.results import answered_more, change

Progress = Callable[[int, int], None]
"""Is told how many replications are done, and of how many."""

SCREEN: Final = 8
"""Replications with which every possible skill is tried; the best of them are then tried with all."""
FINALISTS: Final = 8


class Difference(msgspec.Struct, frozen=True):
    """What one change brings, on the same callers."""

    change: str
    answered: Estimate | None
    """Calls answered more per day."""
    reachability: Estimate | None
    service_level: Estimate | None
    asa: Estimate | None
    """Seconds."""


def quiet(done: int, total: int) -> None:
    """No progress bar."""


def run(
    setups: Sequence[Setup],
    count: int,
    seed: int,
    *,
    router: RouterOf = Engine,
    cores: int = CORES,
    progress: Progress = quiet,
) -> list[list[Figures]]:
    """``count`` replications of each setup; the n-th of each sees the same callers."""
    jobs = [(setup, seed + n, router) for n in range(count) for setup in setups]
    found: list[list[Figures]] = [[] for _ in setups]
    for n, figures in enumerate(replications(jobs, min(cores, len(jobs)))):
        found[n % len(setups)].append(figures)
        progress(n + 1, len(jobs))
    return found


def compare(
    setup: Setup, changes: Sequence[str], count: int, seed: int, *, cores: int = CORES, progress: Progress = quiet
) -> tuple[list[Figures], list[Difference]]:
    """The setup as it is, and what each change brings.

    Raises:
        BadChange: one of the changes cannot be.
    """
    base, *others = run(
        [setup, *(changed(setup, words) for words in changes)], count, seed, cores=cores, progress=progress
    )
    return base, [_difference(words, runs, base, setup.days) for words, runs in zip(changes, others, strict=True)]


def best_skills(
    setup: Setup, count: int, seed: int, *, cores: int = CORES, progress: Progress = quiet
) -> list[Difference]:
    """Who should learn which line, the best first: all that is possible with few replications, the best with all."""
    candidates = next_skills(setup)
    _, screened = compare(setup, candidates, min(SCREEN, count), seed, cores=cores, progress=progress)
    finalists = [found.change for found in sorted(screened, key=_gain, reverse=True)[:FINALISTS]]
    # New callers: else luck in the first round would count as merit.
    _, best = compare(setup, finalists, count, seed + SCREEN, cores=cores, progress=progress)
    return sorted(best, key=_gain, reverse=True)


def _gain(found: Difference) -> float:
    return found.answered.mean if found.answered is not None else 0.0


def _difference(words: str, after: Sequence[Figures], before: Sequence[Figures], days: int) -> Difference:
    return Difference(
        words,
        answered_more(after, before, days),
        *(change(key, after, before, days) for key in ("reachability", "service_level", "asa")),
    )
