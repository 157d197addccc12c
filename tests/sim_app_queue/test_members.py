"""In which order members are tried, and what callers are told."""

import pytest

from acd.model import facts as f
from acd.model.events import CallAnnounced, CallOffered
from acd.model.ids import OperatorId
from acd.model.policy import Announcements, Policy
from sim.app_queue import Settings, Strategy
from tests.sim_app_queue.hall import Hall, Hand, city, line

THREE = city(line(), anna=1, bert=1, carl=1)
SHORT = dict.fromkeys(("anna", "bert", "carl"), Hand(talks=2.0))


def in_turn(count: int, strategy: Strategy, policy: Policy = THREE, seed: int = 0, apart: float = 10.0) -> str:
    """Who is rung for so many callers, each of whom finds everybody free: first letters."""
    hall = Hall(policy, Settings(strategy=strategy, seed=seed), SHORT)
    for n in range(count):
        hall.call(n * apart, f"{n:03}")
    hall.run(count * apart)
    return "".join(rung.operator[0] for rung in hall.rung)


def test_rrmemory_rings_in_turn() -> None:
    assert in_turn(7, Strategy.RRMEMORY) == "abcabca"


def test_rrmemory_goes_on_behind_one_who_is_busy() -> None:
    hall = Hall(THREE, hands=SHORT | {"bert": Hand(talks=35.0)})
    for n in range(6):
        hall.call(n * 10.0, str(n))
    hall.run(60)
    assert "".join(rung.operator[0] for rung in hall.rung) == "abcaca"


def test_linear_begins_anew_with_each_caller() -> None:
    assert in_turn(4, Strategy.LINEAR) == "aaaa"


def test_leastrecent_rings_whose_last_call_ended_longest_ago() -> None:
    # Nobody has had a call: all are equal, and the last configured comes first.
    assert in_turn(7, Strategy.LEASTRECENT) == "cbacbac"


def test_leastrecent_knows_whole_seconds_only() -> None:
    hall = Hall(THREE, Settings(strategy=Strategy.LEASTRECENT))
    hall.hands = {"carl": Hand(talks=4.1), "bert": Hand(talks=4.6), "anna": Hand(talks=5.2)}
    for at, caller in ((0, "x"), (0, "y"), (0, "z"), (10, "last")):
        hall.call(at, caller)
    hall.run(11)
    # Carl's call ended first, Bert's half a second later: in the same second.
    assert [rung.operator for rung in hall.rung] == ["carl", "bert", "anna", "carl"]


def test_fewestcalls() -> None:
    hall = Hall(THREE, Settings(strategy=Strategy.FEWESTCALLS), SHORT | {"anna": Hand(talks=45.0)})
    for n in range(7):
        hall.call(n * 10.0, str(n))
    hall.run(70)
    # Anna's call counts when it is over, at 65.
    assert "".join(rung.operator[0] for rung in hall.rung) == "cbacbcb"


def test_random_is_seeded() -> None:
    first = in_turn(40, Strategy.RANDOM, seed=1)
    assert first == in_turn(40, Strategy.RANDOM, seed=1)
    assert first != in_turn(40, Strategy.RANDOM, seed=2)
    assert all(8 <= first.count(letter) <= 20 for letter in "abc")


@pytest.mark.parametrize("strategy", Strategy)
def test_a_lower_penalty_comes_first(strategy: Strategy) -> None:
    hall = Hall(city(line(), anna=3, bert=2, carl=1), Settings(strategy=strategy))
    for n in range(3):
        hall.call(n, str(n))
    hall.run(5)
    assert "".join(rung.operator[0] for rung in hall.rung) == "cba"


def test_after_a_ring_in_vain_comes_the_next_member() -> None:
    for strategy in (Strategy.RRMEMORY, Strategy.LINEAR):
        hall = Hall(THREE, Settings(strategy=strategy), SHORT | {"anna": Hand(answers_after=None)})
        hall.call(0, "x")
        hall.run(20)
        assert hall.rung == [(0, "x", "anna"), (11, "x", "bert")]


def test_after_a_refusal_the_next_member_is_rung_at_once() -> None:
    busy = Hand(refuses=f.OfferFailure.BUSY)
    hall = Hall(THREE, hands=SHORT | {"anna": busy, "bert": Hand(answers_after=0.5, refuses=f.OfferFailure.REJECTED)})
    hall.call(0, "x")
    hall.run(20)
    assert hall.rung == [(0, "x", "anna"), (0, "x", "bert"), (0.5, "x", "carl")]


def test_when_all_refuse_he_sleeps() -> None:
    hall = Hall(THREE, hands=dict.fromkeys(SHORT, Hand(refuses=f.OfferFailure.BUSY)))
    hall.call(0, "x")
    hall.run(1.5)
    assert [rung.at for rung in hall.rung] == [0, 0, 0, 1, 1, 1]


def test_the_event_says_why() -> None:
    hall = Hall(city(line("a"), line("b"), anna={"a": 2, "b": 1}, bert={"a": 1}))
    hall.call(1.0, "x", "b")
    hall.run(5)
    why = hall.of(CallOffered)[0].why
    assert (why.line_rule, why.operator_rule) == ("app_queue", "rrmemory")
    assert (why.waiting, why.queue_share, why.candidates) == (1, 1.0, 1)
    assert (why.level, why.skills, why.idle, why.waited) == (1, 2, 1.0, 0.0)


# --- What callers are told -----------------------------------------------------------------------------------------


def told(waits: list[int], at: float) -> tuple[int | None, tuple[int, int | None] | None]:
    """What a caller hears ``at`` seconds after joining, when callers before him waited so many seconds."""
    talking = line(announcements=Announcements(first=at, every=0))
    hall = Hall(city(talking, anna=1), hands={"anna": Hand(talks=1e5)})
    hall.call(0, "x")
    now = 5.0
    for n, wait in enumerate(waits):
        hall.call(now, f"w{n}")
        now += wait
        hall.hang_up(now - 0.001, "x" if n == 0 else f"w{n - 1}")
        now += 1
    hall.call(now, "behind")
    hall.call(now + 0.5, "told")
    hall.run(now + at + 1)
    events = [event for event in hall.of(CallAnnounced) if event.call == "told"]
    return events[0].position, events[0].wait


def test_the_wait_that_callers_hear_is_the_smoothed_mean_of_the_answered() -> None:
    # x waited 0 s, the next one 1600: (3 x 0 + 1600) / 4 = 400. Half a minute is added, the time waited taken off.
    assert told([], at=20) == (2, None)
    assert told([1600], at=20) == (2, (6, 6))
    # (3 x 400 + 0) / 4 = 300
    assert told([1600, 0], at=20) == (2, (5, 5))


def test_past_the_mean_the_wait_that_callers_hear_rises_again() -> None:
    assert told([400], at=60) == (2, (1, 1))
    assert told([400], at=129) == (2, None)
    assert told([400], at=200) == (2, (1, 1))
    assert told([400], at=400) == (2, (4, 4))


def test_the_first_wait_of_all_is_the_mean_by_itself() -> None:
    talking = line(announcements=Announcements(first=10, every=0, position=False))
    hall = Hall(city(talking, anna=1))
    hall.at(0, f.OperatorNotReady(OperatorId("anna"), "anna", "pauze"))
    hall.call(1, "x")
    hall.at(401, f.OperatorReady(OperatorId("anna"), "anna"))
    hall.call(402, "told")
    hall.run(420)
    assert [(event.call, event.wait) for event in hall.of(CallAnnounced)] == [("told", (7, 7))]
