"""Draws are values: a replication on another core gets the very same."""

import pickle

import pytest

from sim.model.draws import Constant, Draw, Empirical, Exponential, Lognormal, Survival, Weibull, stream


@pytest.mark.parametrize(
    "draw",
    [
        Constant(3.0),
        Exponential(240.0),
        Lognormal(240.0, 0.8),
        Weibull(180.0, 0.7),
        Empirical((1.0, 2.0, 30.0)),
        Survival(((10.0, True), (20.0, False), (30.0, True))),
    ],
)
def test_a_draw_in_another_process_draws_the_same(draw: Draw) -> None:
    there = pickle.loads(pickle.dumps(draw))
    assert there.mean == draw.mean
    here, sampled = draw.sampler(stream("a", 1)), there.sampler(stream("a", 1))
    assert [sampled() for _ in range(100)] == [here() for _ in range(100)]
