"""Whatever the facts and their order: the house rules of ``check_invariants`` hold after every one of them."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model import facts as f
from acd.model.callback import AttemptResult, AttemptStage, CallbackPlan, DueCallback, Window
from acd.model.commands import BookCallback, CallBack, ClaimCallback, Command, EndAttempt, Offer, PlanCallback
from acd.model.events import CallbackPromised, CallEnded, CallStarted, OperatorChanged, OutcomeCounted
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import CallbackRule, OverflowTo
from tests.engine.house import T0, House, line, operator, policy

CITY = policy(
    [
        line("info", capacity=3, overflow_after=40.0, wrap_up=5.0, callback=CallbackRule(after=20.0, again_after=30.0)),
        line("sport", priority=3, wrap_up=0.0, callback=CallbackRule(after=6.0, early_after=1.0, operator_first=False)),
        line("night", when_unstaffed=OverflowTo.REFUSE, when_full=OverflowTo.PARTNER, capacity=1),
    ],
    [
        operator("anna", "1001", info=1),
        operator("bram", "1002", info=2, sport=1),
        operator("cato", "1003", info=1, sport=1, night=1),
    ],
)
OTHER_CITY = policy(
    [line("info", wrap_up=0.0), line("new")],
    [operator("anna", "1009", info=1, new=1), operator("dirk", "1002", new=1)],
)

calls = st.sampled_from([CallId(f"c{n}") for n in range(30)])
operators = st.sampled_from([OperatorId(o) for o in ("anna", "bram", "cato", "dirk", "nobody")])
devices = st.sampled_from([Device(d) for d in ("1001", "1002", "1003", "1009", "9999")])
lines = st.sampled_from([LineId(n) for n in ("info", "sport", "night", "new", "unknown")])
offers = st.integers(0, 12).map(OfferId)
moments = st.floats(T0 - 600, T0 + 600)
maybe = st.none() | moments
promises = st.sampled_from([CallbackId(f"p{n}") for n in range(4)])
slots = st.builds(lambda at: Window(at, at + 1800.0), moments)
plans = st.builds(CallbackPlan, st.none() | st.just("+3291"), st.tuples(slots), moments, st.none() | slots)
results, stages = st.sampled_from(list(AttemptResult)), st.sampled_from(list(AttemptStage))
failures = st.none() | st.sampled_from(list(f.OfferFailure))
dues = st.lists(st.builds(DueCallback, promises, lines, slots, moments), max_size=4, unique_by=lambda d: d.callback)
whereabouts = st.sampled_from(list(f.CallWhereabouts))
phones = st.sampled_from(list(f.PhoneState))

seen = st.builds(
    f.CallSeen,
    call=calls,
    where=whereabouts,
    arrived_at=moments,
    line=st.none() | lines,
    entered_at=maybe,
    offer=st.none() | offers,
    device=st.none() | devices,
    answered_at=maybe,
)
alive = st.integers(100, 104).flatmap(
    lambda n: st.builds(f.AttemptSeen, st.just(OfferId(n)), st.just(CallbackId(f"x{n}")), lines, devices, stages, maybe)
)
snapshots = st.builds(
    f.SwitchSeen,
    calls=st.lists(seen, max_size=4, unique_by=lambda s: s.call).map(tuple),
    missed=st.lists(st.builds(f.CallMissed, seen=seen, gone_at=moments), max_size=2).map(tuple),
    phones=st.dictionaries(devices, phones),
    rebooted=st.booleans(),
    attempts=st.lists(alive, max_size=2, unique_by=lambda a: a.attempt).map(tuple),
)
facts: st.SearchStrategy[f.Fact] = st.one_of(
    st.builds(f.CallArrived, calls, moments, st.just("32921"), st.none()),
    st.builds(f.CallQueued, calls, lines, moments),
    st.builds(f.MenuEnded, calls, st.sampled_from([Outcome.CLOSED, Outcome.INFORMED])),
    st.builds(f.CallGone, calls, moments),
    st.builds(f.OfferDialled, calls, offers),
    st.builds(f.OfferRinging, calls, offers),
    st.builds(f.OfferAnswered, calls, offers, moments),
    st.builds(f.OfferFailed, calls, offers, st.sampled_from(list(f.OfferFailure))),
    st.builds(f.OfferNotSent, calls, offers),
    st.builds(f.TalkEnded, calls, moments),
    st.builds(f.FallbackAnswered, calls, devices, moments),
    st.builds(f.OverflowAnswered, calls, moments),
    st.builds(f.OverflowFailed, calls),
    st.builds(f.CallFound, calls, st.none() | whereabouts, st.none() | offers),
    st.builds(f.PhoneChanged, devices, phones),
    st.builds(f.OperatorLoggedIn, operators, st.just("x")),
    st.builds(f.OperatorLoggedOut, operators, st.just("x")),
    st.builds(f.OperatorReady, operators, st.just("x")),
    st.builds(f.OperatorNotReady, operators, st.just("x"), st.sampled_from(["lunch", "nonsense"])),
    st.builds(f.PolicyChanged, st.sampled_from([CITY, OTHER_CITY])),
    st.builds(f.LoadForecast, st.dictionaries(lines, st.floats(0, 100))),
    st.builds(f.LinkLost, st.just("x")),
    st.builds(f.CrisisSwitched, st.none() | st.just("storm"), st.just("x")),
    st.builds(f.DrainSwitched, st.booleans(), st.just("x")),
    st.builds(f.CallbackHeard, calls, moments),
    st.builds(f.CallbackDeclined, calls),
    st.builds(f.CallbackWanted, calls, st.integers(0, 3)),
    st.builds(f.CallbackCancelled, calls),
    st.builds(f.CallbackPlanned, calls, st.none() | plans),
    st.builds(f.CallbackBooked, calls, promises, slots, moments),
    st.builds(f.CallbackNotBooked, calls, st.just("x")),
    st.builds(f.CallbacksDue, dues.map(tuple)),
    st.builds(f.LineClosing, lines, maybe),
    st.builds(f.AttemptEnded, offers, results, moments, failures),
    snapshots,
)
C = TypeVar("C", bound=Command)
Echo = Callable[[Offer, float], f.Fact]
"""A fact about an offer that the engine really made."""

echoes: st.SearchStrategy[Echo] = st.one_of(
    st.just(lambda o, now: f.OfferDialled(o.call, o.offer)),
    st.just(lambda o, now: f.OfferRinging(o.call, o.offer)),
    st.just(lambda o, now: f.OfferAnswered(o.call, o.offer, now)),
    st.just(lambda o, now: f.OfferNotSent(o.call, o.offer)),
    st.just(lambda o, now: f.TalkEnded(o.call, now)),
    st.just(lambda o, now: f.CallGone(o.call, now)),
    st.just(lambda o, now: f.FallbackAnswered(o.call, o.device, now)),
    st.sampled_from(list(f.OfferFailure)).map(lambda how: lambda o, now: f.OfferFailed(o.call, o.offer, how)),
    whereabouts.map(lambda where: lambda o, now: f.CallFound(o.call, where, o.offer)),
    phones.map(lambda phone: lambda o, now: f.PhoneChanged(o.device, phone)),
    whereabouts.map(
        lambda where: (
            lambda o, now: f.SwitchSeen(
                (
                    f.CallSeen(
                        o.call,
                        where,
                        now - 60,
                        line=LineId("info"),
                        entered_at=now - 30,
                        offer=o.offer,
                        device=o.device,
                    ),
                ),
                (),
                {Device(d): f.PhoneState.IDLE for d in ("1001", "1002", "1003")},
            )
        )
    ),
)
Answer = Callable[[House], f.Fact | None]
"""What keeper, citizen or switch say to the last command of a kind."""


def last(house: House, kind: type[C]) -> C | None:
    sent = house.sent(kind)
    return sent[-1] if sent else None


def to_last(kind: type[C], say: Callable[[C, House], f.Fact]) -> st.SearchStrategy[Answer]:
    def answer(house: House) -> f.Fact | None:
        command = last(house, kind)
        return None if command is None else say(command, house)

    return st.just(answer)


answers: st.SearchStrategy[Answer] = st.one_of(
    plans.flatmap(lambda plan: to_last(PlanCallback, lambda c, _: f.CallbackPlanned(c.call, plan))),
    to_last(PlanCallback, lambda c, house: f.CallbackHeard(c.call, house.now)),
    to_last(PlanCallback, lambda c, _: f.CallbackDeclined(c.call)),
    to_last(PlanCallback, lambda c, _: f.CallbackWanted(c.call, 1)),
    to_last(PlanCallback, lambda c, house: f.CallGone(c.call, house.now)),
    to_last(BookCallback, lambda c, h: f.CallbackBooked(c.call, CallbackId(c.call), Window(T0, T0), h.now)),
    to_last(BookCallback, lambda c, _: f.CallbackNotBooked(c.call, "x")),
    whereabouts.flatmap(lambda where: to_last(BookCallback, lambda c, _: f.CallFound(c.call, where))),
)
about_attempts: st.SearchStrategy[Answer] = st.one_of(
    dues.map(lambda told: lambda _: f.CallbacksDue(tuple(told))),
    to_last(ClaimCallback, lambda c, _: f.CallbackClaimed(c.callback, c.attempt, "+3291", "nl")),
    to_last(ClaimCallback, lambda c, _: f.CallbackClaimed(c.callback, c.attempt, "+3291", "nl")),
    to_last(ClaimCallback, lambda c, _: f.CallbackNotClaimed(c.callback, c.attempt)),
    to_last(ClaimCallback, lambda c, _: f.AttemptRinging(c.attempt)),
    to_last(ClaimCallback, lambda c, h: f.AttemptTaken(c.attempt, h.now)),
    to_last(ClaimCallback, lambda c, _: f.CitizenDialled(c.attempt)),
    to_last(ClaimCallback, lambda c, h: f.CitizenAnswered(c.attempt, h.now)),
    st.tuples(results, failures).flatmap(
        lambda how: to_last(ClaimCallback, lambda c, h: f.AttemptEnded(c.attempt, how[0], h.now, how[1]))
    ),
    st.tuples(stages, devices).flatmap(
        lambda at: to_last(
            CallBack,
            lambda c, _: f.SwitchSeen(
                (),
                (),
                {Device(d): f.PhoneState.IDLE for d in ("1001", "1002", "1003")},
                attempts=(f.AttemptSeen(c.attempt, c.callback, c.line, at[1], at[0]),),
            ),
        )
    ),
)
new_calls = st.builds(f.CallQueued, calls, st.sampled_from([LineId("info"), LineId("sport")]), moments)
about_offers = st.tuples(echoes, st.sampled_from([1, 1, 1, 2, 3]))
# Mostly about offers that were really made, or the deep paths would hardly be walked.
sayings = st.sampled_from(
    [facts, new_calls, about_offers, about_offers, answers, answers, about_attempts, about_attempts]
).flatmap(lambda kind: kind)
steps = st.lists(
    st.tuples(sayings, st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 1.1, 4.0, 20.0, 120.0])), min_size=5, max_size=80
)
DUE = tuple(
    DueCallback(CallbackId(f"p{n}"), LineId("info"), Window(T0, T0 + 1800), T0 + left)
    for n, left in enumerate((600.0, 90_000.0, 7200.0))
)
starts = st.sampled_from(["idle", "waiting", "calling"])
History = list[tuple[f.Fact | tuple[Echo, int] | Answer, float]]


def play(history: History, start: str = "idle") -> House:
    """Tell the engine the history; an echo speaks of the n-th last offer that was made.

    Args:
        start: ``idle``; ``waiting``: callers wait, and no operator has time; ``calling``: promises are claimed.
    """
    house = House(CITY)
    house.on_duty("anna", "bram", "cato")
    if start == "waiting":
        for device in ("1001", "1002", "1003"):
            house.phone(device, f.PhoneState.BUSY)
        for id in ("c0", "c1", "c2"):
            house.call(id, "sport")
        house.wait(2.0)
    elif start == "calling":
        house.tell(f.CallbacksDue(DUE))
        for claim in house.sent(ClaimCallback):
            house.tell(f.CallbackClaimed(claim.callback, claim.attempt, "+3291", "nl"))
    for saying, pause in history:
        if isinstance(saying, f.Fact):
            house.tell(saying)
        elif not isinstance(saying, tuple):
            answer = saying(house)
            if answer is not None:
                house.tell(answer)
        else:
            made = [c for c in house.commands if isinstance(c, Offer)]
            if len(made) >= saying[1]:
                house.tell(saying[0](made[-saying[1]], house.now))
        house.wait(pause)
    return house


@given(steps, starts)
@settings(max_examples=300)
def test_the_house_rules_hold_in_any_order(history: History, start: str) -> None:
    house = play(history, start)
    only_available_operators_are_reserved(house)
    offer_numbers_are_never_used_twice(house.commands)
    nobody_is_rung_for_a_promise_before_it_is_claimed(house)
    every_written_promise_is_known(house)


@given(steps, starts)
@settings(max_examples=150)
def test_when_the_switch_is_empty_every_call_has_ended_in_exactly_one_outcome(history: History, start: str) -> None:
    house = play(history, start)
    house.link()
    house.wait(7)
    assert Counter(e.call for e in house.of(CallEnded)) == Counter(e.call for e in house.of(CallStarted))
    assert {e.call for e in house.of(OutcomeCounted)} == {e.call for e in house.of(CallStarted)}
    assert house.engine.board(house.now).calls == ()
    rung, over = house.sent(CallBack), {c.attempt for c in house.sent(EndAttempt)}
    assert {c.attempt for c in rung} <= over


@given(steps, starts)
@settings(max_examples=100)
def test_the_same_facts_give_the_same_events(history: History, start: str) -> None:
    assert play(history, start).events == play(history, start).events


def only_available_operators_are_reserved(house: House) -> None:
    for event in house.of(OperatorChanged):
        if event.state is OperatorState.RESERVED:
            assert event.before is OperatorState.AVAILABLE


def offer_numbers_are_never_used_twice(commands: list[Command]) -> None:
    numbers = [c.offer for c in commands if isinstance(c, Offer)]
    numbers += [c.attempt for c in commands if isinstance(c, ClaimCallback)]
    assert len(numbers) == len(set(numbers))


def nobody_is_rung_for_a_promise_before_it_is_claimed(house: House) -> None:
    claimed: set[OfferId] = set()
    for fact, commands in house.steps:
        if isinstance(fact, f.CallbackClaimed):
            claimed.add(fact.attempt)
        for command in commands:
            if isinstance(command, CallBack):
                assert isinstance(fact, f.CallbackClaimed) and fact.attempt == command.attempt
    ends = Counter(c.attempt for c in house.sent(EndAttempt))
    assert max(ends.values(), default=1) == 1, "an attempt has one end"


def every_written_promise_is_known(house: House) -> None:
    asked: set[CallId] = set()
    known = {e.call for e in house.of(CallbackPromised)}
    for fact, commands in house.steps:
        if isinstance(fact, f.CallbackBooked) and fact.call in asked:
            assert fact.call in known
        asked |= {c.call for c in commands if isinstance(c, BookCallback)}
