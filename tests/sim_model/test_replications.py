"""What a replication leaves behind."""

import gc
from dataclasses import replace

import pytest

from sim.app_queue import AppQueue
from sim.model.replications import RouterOf, replicate
from sim.scenario import find, read


@pytest.mark.parametrize(
    ("scenario", "router"),
    [("normal_day", None), ("normal_day", AppQueue), ("callback_week", None)],
    ids=["acd", "Queue()", "callbacks"],
)
def test_nothing_refers_to_itself_in_a_circle(scenario: str, router: RouterOf | None) -> None:
    """The collector of garbage rests during a run: what it would have to find must not grow with the days."""
    city = read(find(scenario)).setup

    def left_by(days: int) -> int:
        gc.collect()
        replicate(replace(city, days=days), 1, router)
        return gc.collect()

    left_by(1)
    assert left_by(3) <= left_by(1) + 50
    assert gc.isenabled()
