"""Whatever the facts and their order: the house rules of ``check_invariants`` hold after every one of them."""

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model import facts as f
from acd.model.commands import Command, Offer
from acd.model.events import CallEnded, CallStarted, OperatorChanged, OutcomeCounted
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from tests.engine.house import T0, House, line, operator, policy

CITY = policy(
    [
        line("info", capacity=3, overflow_after=40.0, wrap_up=5.0),
        line("sport", priority=3, wrap_up=0.0),
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
snapshots = st.builds(
    f.SwitchSeen,
    calls=st.lists(seen, max_size=4, unique_by=lambda s: s.call).map(tuple),
    missed=st.lists(st.builds(f.CallMissed, seen=seen, gone_at=moments), max_size=2).map(tuple),
    phones=st.dictionaries(devices, phones),
    rebooted=st.booleans(),
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
    snapshots,
)
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
new_calls = st.builds(f.CallQueued, calls, st.sampled_from([LineId("info"), LineId("sport")]), moments)
about_offers = st.tuples(echoes, st.sampled_from([1, 1, 1, 2, 3]))
# Mostly about offers that were really made, or the deep paths would hardly be walked.
sayings = st.sampled_from([facts, new_calls, about_offers, about_offers]).flatmap(lambda kind: kind)
steps = st.lists(
    st.tuples(sayings, st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 1.1, 4.0, 20.0, 120.0])), min_size=5, max_size=80
)
History = list[tuple[f.Fact | tuple[Echo, int], float]]


def play(history: History) -> House:
    """Tell the engine the history; an echo speaks of the n-th last offer that was made."""
    house = House(CITY)
    house.on_duty("anna", "bram", "cato")
    for saying, pause in history:
        if isinstance(saying, f.Fact):
            house.tell(saying)
        else:
            made = [c for c in house.commands if isinstance(c, Offer)]
            if len(made) >= saying[1]:
                house.tell(saying[0](made[-saying[1]], house.now))
        house.wait(pause)
    return house


@given(steps)
@settings(max_examples=300, deadline=None)
def test_the_house_rules_hold_in_any_order(history: History) -> None:
    house = play(history)
    only_available_operators_are_reserved(house)
    offer_numbers_are_never_used_twice(house.commands)


@given(steps)
@settings(max_examples=150, deadline=None)
def test_when_the_switch_is_empty_every_call_has_ended_in_exactly_one_outcome(
    history: History,
) -> None:
    house = play(history)
    house.link()
    assert Counter(e.call for e in house.of(CallEnded)) == Counter(e.call for e in house.of(CallStarted))
    assert {e.call for e in house.of(OutcomeCounted)} == {e.call for e in house.of(CallStarted)}
    assert house.engine.board(house.now).calls == ()


@given(steps)
@settings(max_examples=100, deadline=None)
def test_the_same_facts_give_the_same_events(history: History) -> None:
    assert play(history).events == play(history).events


def only_available_operators_are_reserved(house: House) -> None:
    for event in house.of(OperatorChanged):
        if event.state is OperatorState.RESERVED:
            assert event.before is OperatorState.AVAILABLE


def offer_numbers_are_never_used_twice(commands: list[Command]) -> None:
    numbers = [c.offer for c in commands if isinstance(c, Offer)]
    assert len(numbers) == len(set(numbers))
