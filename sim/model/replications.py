"""Many seeds of one setup, over all cores. The result does not depend on how many cores there are."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import starmap
from typing import Final

from acd.model.policy import Policy
from sim.model.collector import Collector
from sim.model.figures import Figures
from sim.model.setup import Setup
from sim.model.world import Router, World

RouterOf = Callable[[Policy], Router]
Job = tuple[Setup, int, RouterOf | None]

CORES: Final = os.cpu_count() or 1


def replicate(
    setup: Setup, seed: int, router: RouterOf | None = None, *, each_day: Callable[[], None] | None = None
) -> Figures:
    """One replication.

    Args:
        setup: what is simulated.
        seed: of this replication.
        router: None = the one that the setup names.
        each_day: is called at each simulated midnight.
    """
    since, until = setup.counted
    collector = Collector(setup.policy, since, until)
    world = World(setup, seed, collector.listen, router=router)

    def begin_day(moment: float) -> None:
        collector.midnight = moment
        if each_day is not None:
            each_day()

    world.begin_day = begin_day
    with _collector_at_rest():
        world.run()
    figures = collector.result(world.citizens)
    if world.keeper is not None:
        for line, promises in world.keeper.result(since, until).items():
            figures.lines[line].promises = promises
    return figures


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Nothing in a run refers to itself in a circle, so that all that is over is freed at once, and the search for such
    circles, a tenth of the run's time, would find none."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


def replications(jobs: Iterable[Job], cores: int = CORES) -> Iterator[Figures]:
    """The figures of each job, in the order of the jobs, as they become ready."""
    if cores <= 1:
        yield from starmap(replicate, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        yield from pool.imap(_replicate, jobs)


def _replicate(job: Job) -> Figures:
    return replicate(*job)
