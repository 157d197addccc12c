"""Days at random against the honest switch and the honest keeper: what usually happens is likely, mishaps are not.

The machine of ``test_promise_model`` tries each rule as often as any other, and finds short stories; here promises live
long enough to be given, kept, tried again and lost from sight, dozens of them in an example. The rules are the same.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model.facts import CallWhereabouts as W
from acd.model.facts import OfferFailure
from acd.model.ids import LineId
from tests.engine.keeper_model import Mode
from tests.engine.promise_switch import Habit
from tests.engine.switch_model import Fate
from tests.engine.test_model import OPERATORS, TROUBLES
from tests.engine.test_promise_model import LifeWithPromises

INFO, SPORT = LineId("info"), LineId("sport")
ANY_LINE = [INFO, INFO, SPORT, LineId("night"), LineId("new")]
NUMBERS = [None, "+3291", "+3292", "+3293", "+3294"]
FAILS = [None, None, OfferFailure.BUSY, OfferFailure.REJECTED, OfferFailure.FAULT]
T = TypeVar("T")
Act = tuple[float, Callable[[], None]]
"""How likely it is, and what it does."""


class Walk:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.life = LifeWithPromises()
        self.trouble = self.random.choice([0.3, 1.0, 3.0])

    def run(self) -> None:
        pick, life = self.random.choice, self.life
        life.promises_are_owed([pick([INFO, SPORT]) for _ in range(self.random.randrange(5))], pick([0.0, 20.0]))
        life.the_day_begins(set(self.random.sample(OPERATORS, 2)), self.random.randrange(5), pick(ANY_LINE))
        for _ in range(self.random.randrange(10, 80)):
            acts = [*self.usual(), *((self.trouble * weight, act) for weight, act in self.mishaps())]
            self.random.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()
        life.teardown()

    def some(self, of: list[T]) -> list[T]:
        return [self.random.choice(of) for _ in range(self.random.randrange(1, 5))]

    def usual(self) -> Iterator[Act]:
        life, switch, pick, n = self.life, self.life.switch, self.random.choice, self.random.randrange(12)
        yield 20, lambda: life.time_passes(pick([0.1, 0.3, 0.5, 1.05, 1.5, 3.0, 6.0, 15.0]))
        yield 5, lambda: life.citizens_join(pick([INFO, INFO, SPORT]), self.some(NUMBERS), self.random.random() < 0.7)
        yield 1, lambda: life.callers_join(pick(ANY_LINE), 1)
        yield 4, lambda: life.an_operator_clicks(pick(OPERATORS), pick(["ready", "ready", "ready", "lunch", "out"]))
        yield 2, lambda: life.citizens_will(self.some(list(Habit)))
        if switch.callers:
            yield 2, lambda: life.he_hangs_up(n)
        if switch.ringing():
            yield 3, lambda: life.a_ringing_phone(n, pick(FAILS))
        if life.ringing():
            yield 3, lambda: life.a_phone_rings_for_a_promise(n, pick(FAILS))
        if life.at(W.TALK):
            yield 2, lambda: life.an_operator_is_done_with_him_or_sends_him_on(n, pick([None, None, *ANY_LINE]))
        if switch.dialogue.speaking_to():
            yield 4, lambda: life.he_accepts(n, pick([True, False]), pick([0, 1]))
            yield 1, lambda: life.he_stays(n)
        if life.owed():
            yield 1, lambda: life.he_wants_no_call_any_more(n)
        if switch.calling.alive:
            yield 1, lambda: life.somebody_hangs_up(n, pick([True, False]))
        if life.at(W.OVERFLOW):
            yield 1, lambda: life.the_partner(n, pick([True, False]))
        if life.at(W.FALLBACK):
            yield 2, lambda: life.the_queue_rings(n, self.random.randrange(12), pick([True, False]))
        if not life.up:
            yield 8, life.the_link_is_back

    def mishaps(self) -> Iterator[Act]:
        life, switch, pick, n = self.life, self.life.switch, self.random.choice, self.random.randrange(12)
        yield 0.5, lambda: life.the_keeper_is(pick([*Mode, Mode.QUICK, Mode.QUICK]))
        yield 0.5, lambda: life.redirects_will_go_wrong(self.some(list(Fate)))
        yield 0.5, lambda: life.originates_will_go_wrong(self.some(list(Fate)))
        yield 0.5, lambda: life.a_phone_makes_trouble(n, pick(sorted(TROUBLES)), pick([0.5, 5.0, 60.0]))
        yield 0.2, lambda: life.the_settings_are_loaded_again(pick([True, False]))
        yield 0.2, lambda: life.a_line_closes(pick(ANY_LINE), pick([None, 5.0, 60.0]))
        yield 0.5, lambda: life.the_engine_dies(pick([0.5, 3.0, 20.0]))
        if len(switch.callers) > 4:
            yield 0.2, life.the_switch_reboots
        if life.up:
            yield 0.5, lambda: life.the_link_breaks(pick([True, False]), pick([None, 0.5, 2.5, 10.0]))
        if life.up and switch.now >= switch.stalled_until:
            yield 0.5, lambda: life.the_wire_is_slow(pick([0.05, 0.4]))
            yield 0.5, lambda: life.the_engine_is_paused(pick([0.4, 1.9]))


@given(st.integers(0, 2**32))
@settings(max_examples=100)
def test_a_day_at_random_breaks_no_promise(seed: int) -> None:
    Walk(seed).run()
