"""Whatever two servers do, in any order: one order of arrival over both, one ring at a time, and each its own calls."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.asterisk.cluster import GIVEN_UP_AFTER
from acd.model.call import CallState
from acd.model.events import CallAnswered, CallOffered, LinkCameUp, LinkWentDown
from acd.model.ids import Device, OperatorId, server_of
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from sim.loop_time import VirtualLoop
from sim.phones import Always, Habit
from tests.servers.house import Place

TALKS = Habit(after=0.3, talk=3.0)
LONG = Habit(after=0.3, talk=60.0)


def play(act: Callable[[Place], Awaitable[None]]) -> Place:
    loop = VirtualLoop()

    async def go() -> Place:
        place = Place(loop)
        for phone in place.phones.values():
            phone.hands = Always(TALKS)
        task = asyncio.create_task(place.driver.run())
        await asyncio.sleep(0.01)
        place.ready()
        acting = asyncio.ensure_future(act(place))
        await asyncio.wait({task, acting}, return_when=asyncio.FIRST_COMPLETED)
        if not acting.done():
            acting.cancel()
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        acting.result()
        return place

    try:
        return loop.run_until_complete(go())
    finally:
        loop.close()


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["call", "call", "call", "call", "hang up", "habit", "cut", "kill", "mend", "mend"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 7),
        st.sampled_from([0.0, 0.05, 0.5, 2.0, 4.0, GIVEN_UP_AFTER + 1]),
    ),
    max_size=30,
)
HABITS = (TALKS, LONG, Habit(code=None), Habit(code=486, after=0.1), Habit(code=None, ring=False), Habit(code=603))


@settings(max_examples=120)
@given(acts=ACTS)
def test_nobody_is_forgotten_or_rung_twice_and_each_call_has_one_outcome(
    acts: list[tuple[str, str, int, float]],
) -> None:
    async def act(place: Place) -> None:
        for what, server, number, pause in acts:
            one_act(place, what, server, number)
            await asyncio.sleep(pause)
        # Now everything is in order again: who waits is served.
        for phone in place.phones.values():
            phone.hands = Always(TALKS)
        for name in ("a", "b"):
            place.mend(name)
        for call in [call for name in "ab" for call in place.talking(name)]:
            place.servers[server_of(call.id)].switch.hang_up(call)
        for _ in range(8):
            # The audit: a phone that was found dead is tried again.
            for one in place.servers.values():
                one.show_phones()
            place.ready()
            await asyncio.sleep(20.0)
        left = {call.id: call.state for call in place.engine._state.calls.values()}
        assert not left, f"still there: {left}"
        assert not any(server.switch.calls for server in place.servers.values())
        idle = {desk.id: desk.state for desk in place.engine._state.desks.values()}
        assert set(idle.values()) == {OperatorState.AVAILABLE}, idle

    place = play(act)
    assert not any(phone.rung_twice for phone in place.phones.values())
    outcomes = place.outcomes()
    assert set(outcomes) >= {call.id for call in place.calls} - place.at_risk
    lost = {call for call, outcome in outcomes.items() if outcome is Outcome.SWITCH_FAILURE}
    assert lost <= place.at_risk, "no call of a server that was seen all the time is counted as lost"


def one_act(place: Place, what: str, server: str, number: int) -> None:
    match what:
        case "call":
            place.call(server)
        case "hang up" if place.calls:
            call = place.calls[-1 - number % len(place.calls)]
            place.servers[server_of(call.id)].switch.hang_up(call)
        case "habit":
            list(place.phones.values())[number % 3].hands = Always(HABITS[number % len(HABITS)])
        case "cut":
            place.cut(server)
        case "kill":
            place.kill(server)
        case "mend":
            place.mend(server)
        case _:
            pass


def test_one_order_over_both_servers() -> None:
    async def act(place: Place) -> None:
        for server in "abbaabab":
            place.call(server)
            await asyncio.sleep(0.1)
        await asyncio.sleep(40.0)

    place = play(act)
    offered = [event.call for event in place.events if isinstance(event, CallOffered)]
    assert offered == [call.id for call in place.calls]
    assert {event.outcome for event in place.events if hasattr(event, "outcome")} == {Outcome.ANSWERED}
    crossed = {(server_of(event.call), event.operator) for event in place.events if isinstance(event, CallAnswered)} & {
        ("a", "cato"),
        ("b", "anna"),
        ("b", "bram"),
    }
    assert crossed, "operators take callers of the other server"


def test_a_server_lost_leaves_the_calls_of_the_other_alone() -> None:
    async def act(place: Place) -> None:
        for phone in place.phones.values():
            phone.hands = Always(LONG)
        # Anna and bram, at a, take two callers of a; cato, at b, takes one of b. Two more wait, one at each.
        for server in "aabab":
            place.call(server)
        await asyncio.sleep(1.0)
        place.kill("b")
        await asyncio.sleep(1.0)
        calls = {server_of(id): [] for id in place.engine._state.calls} | {"a": [], "b": []}  # type: ignore[var-annotated]
        for call in place.engine._state.calls.values():
            calls[server_of(call.id)].append(call.state)
        assert calls["a"] == [CallState.TALKING, CallState.TALKING, CallState.WAITING]
        desks = place.engine._state.desks
        assert desks[OperatorId("anna")].state is OperatorState.IN_CALL
        place.servers[server_of(place.calls[0].id)].switch.hang_up(place.calls[0])
        await asyncio.sleep(3.0)
        assert place.engine._state.calls[place.calls[3].id].state is CallState.TALKING
        await asyncio.sleep(GIVEN_UP_AFTER)

    place = play(act)
    outcomes = place.outcomes()
    assert outcomes[place.calls[4].id] is Outcome.SWITCH_FAILURE
    assert outcomes[place.calls[2].id] is Outcome.ANSWERED
    assert [type(e) for e in place.events if isinstance(e, LinkWentDown | LinkCameUp)] == [
        LinkCameUp,
        LinkWentDown,
        LinkCameUp,
    ], "one gap, until the dead server is given up"


@pytest.mark.parametrize("away", [2.0, GIVEN_UP_AFTER + 5])
def test_calls_of_a_server_out_of_sight_are_ours_again_when_it_is_back(away: float) -> None:
    """The link alone was cut: whoever waits at b waits on, at his place."""

    async def act(place: Place) -> None:
        for phone in place.phones.values():
            phone.hands = Always(LONG)
        for server in "aabba":
            place.call(server)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.0)
        place.cut("b")
        place.phones[Device("1001")].hands = Always(TALKS)
        await asyncio.sleep(away)
        place.mend("b")
        await asyncio.sleep(0.1)
        waiting = place.engine._state.lanes[place.calls[0].line].waiting  # type: ignore[index]
        assert [id for _, id, _ in waiting] == [place.calls[3].id, place.calls[4].id]
        assert place.engine._state.calls[place.calls[2].id].state is CallState.TALKING

    play(act)


def test_a_phone_that_rings_for_the_other_server_is_not_rung_from_its_own() -> None:
    async def act(place: Place) -> None:
        for device in ("1001", "1002"):
            place.phones[Device(device)].contact = place.phones[Device(device)].contact.REMOVED
        place.servers[server_of(place.call("a").id)].show_phones()  # type: ignore[union-attr]
        await asyncio.sleep(0.1)
        assert place.phones[Device("1003")].leg is not None, "the phone at b rings for a"
        place.call("b")
        await asyncio.sleep(15.0)

    place = play(act)
    assert not place.phones[Device("1003")].rung_twice
    assert list(place.outcomes().values()) == [Outcome.ANSWERED, Outcome.ANSWERED]
