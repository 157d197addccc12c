"""Asterisk's clock is set while calls wait: what its channels keep is read right all the same."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.asterisk.clock import SwitchClock

MINUTE = 60.0
SECONDS = st.floats(0.0, 40.0)


@dataclass
class World:
    """Ours and Asterisk's clock, and the callers on its channels: when each joined, and what its clock showed then."""

    now: float = 1_795_000_000.0
    ahead: float = 0.0
    waiting: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = SwitchClock(lambda: self.now)

    def joins(self) -> None:
        self.waiting[str(len(self.waiting))] = (self.now, self.now + self.ahead)

    def links(self, error: float = 0.0) -> None:
        """A new session, its look, and that everybody is known."""
        self.clock.measured(-self.ahead + error, anew=True)
        self.right()
        self.clock.all_known()

    def right(self) -> None:
        for call, (joined, reading) in self.waiting.items():
            assert self.clock.stays(call, reading) == pytest.approx(joined, abs=0.2), call


@given(
    first=st.sampled_from([0.0, 3600.0, -30.0]),
    error=st.floats(-0.1, 0.1),
    days=st.lists(
        st.tuples(SECONDS, st.sampled_from([-10, -3, 0, 3, 10]), SECONDS, st.booleans(), SECONDS),
        min_size=1,
        max_size=6,
    ),
)
def test_whoever_joined_while_we_could_not_see_has_joined_when_he_did(
    first: float, error: float, days: list[tuple[float, int, float, bool, float]]
) -> None:
    """Some join before the clock is set and some after it, unseen; some wait from one such time to the next. A session
    that ends before all is known changes nothing."""
    world = World(ahead=first)
    world.joins()
    world.links(error)
    for before, minutes, after, in_vain, seen in days:
        world.clock.heard()
        world.now += before
        world.joins()
        world.ahead += minutes * MINUTE
        world.joins()
        world.now += after
        world.joins()
        if in_vain:
            world.clock.measured(-world.ahead, anew=True)
            world.clock.heard()
            world.right()
        world.links(error)
        world.now += seen
        world.joins()
        world.right()


def test_a_clock_that_is_corrected_during_a_session_is_the_clock_from_then_on() -> None:
    world = World()
    world.links()
    world.ahead = 5.0
    world.clock.measured(-5.0, anew=False)
    world.joins()
    world.right()
    world.now += 30
    world.joins()
    world.links()


def test_the_first_look_of_all_takes_every_moment_by_the_clock_of_now() -> None:
    world = World(ahead=3600.0)
    world.joins()
    world.now += 1200
    world.links()


def test_what_is_gone_is_forgotten() -> None:
    world = World()
    world.links()
    world.clock.stays("1.1", 5.0)
    world.clock.stays("1.2", 5.0)
    world.clock.forget("1.1")
    world.clock.measured(100.0, anew=False)
    assert (world.clock.stays("1.1", 5.0), world.clock.stays("1.2", 5.0)) == (105.0, 5.0)
    world.clock.forget_all_but(["1.1"])
    assert (world.clock.stays("1.1", 5.0), world.clock.stays("1.2", 5.0)) == (105.0, 105.0)


def test_the_heartbeat_goes_out_in_asterisks_time() -> None:
    world = World(ahead=90.0)
    world.links()
    assert world.clock.theirs(world.now) == world.now + 90.0
