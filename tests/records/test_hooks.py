"""Deliveries are made of what the records hold: each thing once, none missed, whatever is restarted meanwhile."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from acd.model.callback import AttemptResult
from acd.model.hook import Hook, NewsKind
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from acd.model.promise import Note, cancelled
from acd.records import CallbackStore, HookStore
from tests.callbacks.promises import AN, MONDAY, OPERATOR, again, attempt, give_up, kept, promise
from tests.records.histories import NUMBER, abandoned, answered
from tests.records.places import Place

K = NewsKind
CALLS = frozenset({K.CALL_OFFERED, K.CALL_ANSWERED, K.CALL_ENDED})
PROMISES = frozenset(kind for kind in NewsKind if kind.startswith("callback."))


def hook(name: str = "crm", kinds: frozenset[NewsKind] = CALLS, *, lines: str = "", personal: bool = False) -> Hook:
    on = frozenset(map(LineId, lines.split()))
    return Hook(name, f"https://{name}.example/", kinds, secret_env="X", lines=on, personal=personal)


@pytest.fixture
async def outbox(place: Place) -> AsyncIterator[HookStore]:
    store = HookStore(place.url)
    yield store
    await store.close()


async def told(outbox: HookStore, *hooks: Hook) -> list[tuple[str, str, str]]:
    """Hook, id and kind of all that is to be sent."""
    while await outbox.gather({one.name: one for one in hooks}):
        pass
    due = [await outbox.due(one.name, 1e12, 10_000) for one in hooks]
    return [(one.hook, one.news, one.kind) for some in due for one in some]


async def test_a_call_is_told_step_by_step_with_its_outcome(place: Place, outbox: HookStore) -> None:
    await outbox.begin(["crm"], 0.0)
    await place.write(*answered("17.1", 1000.0))
    kinds = [kind for _, _, kind in await told(outbox, hook())]
    assert kinds == [K.CALL_OFFERED, K.CALL_ANSWERED, K.CALL_ENDED]
    *_, last = await outbox.due("crm", 1e12, 10)
    data = msgspec.json.decode(last.data)
    assert (data["call"], data["line"], data["outcome"]) == ("17.1", "gentinfo", Outcome.ANSWERED)
    assert (data["waited"], data["ended"]) == (25.0, 1135.0)


async def test_without_leave_nobody_is_named(place: Place, outbox: HookStore) -> None:
    await outbox.begin(["plain", "crm"], 0.0)
    await place.write(*answered("17.1", 1000.0))
    await told(outbox, hook("plain"), hook("crm", personal=True))
    plain, crm = await outbox.due("plain", 1e12, 9), await outbox.due("crm", 1e12, 9)
    assert not any("operator" in msgspec.json.decode(one.data) for one in plain)
    assert all("operator" in msgspec.json.decode(one.data) for one in crm)
    # The number is looked up when it is sent, and nowhere kept twice.
    assert await outbox.number(crm[0]) == NUMBER
    assert not any(NUMBER in one.data for one in [*plain, *crm])


async def test_nothing_is_told_twice_or_missed_over_restarts(place: Place) -> None:
    seen: list[tuple[str, str, str]] = []
    for n in range(4):
        outbox = HookStore(place.url)
        await outbox.begin(["crm"], 0.0)
        await place.write(*answered(f"17.{n}", 1000.0 * n, offer=n + 1))
        if n % 2:  # killed before it looked
            seen = await told(outbox, hook())
        await outbox.close()
    assert len(seen) == len(set(seen)) == 4 * 3


async def test_a_new_hook_hears_from_now_on_and_one_that_is_gone_no_more(place: Place, outbox: HookStore) -> None:
    await place.write(*answered("17.1", 1000.0))
    await outbox.begin(["crm"], 2000.0)
    assert await told(outbox, hook()) == []
    await place.write(*answered("17.2", 3000.0, offer=2))
    assert len(await told(outbox, hook())) == 3
    await outbox.begin([], 4000.0)
    assert (await outbox.states(), await told(outbox, hook())) == ({}, [])


async def test_only_its_lines_and_kinds(place: Place, outbox: HookStore) -> None:
    here, there = hook("here", lines="gentinfo"), hook("there", lines="sportlijn")
    states = hook("states", frozenset({K.OPERATOR_CHANGED}), lines="sportlijn", personal=True)
    await outbox.begin(["here", "there", "states"], 0.0)
    await place.write(*answered("17.1", 1000.0), *abandoned("17.2", 1000.0))
    names = [name for name, _, _ in await told(outbox, here, there, states)]
    assert (names.count("here"), names.count("there")) == (4, 0)
    assert names.count("states") > 0


async def test_more_than_one_transaction_of_events(
    place: Place, outbox: HookStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.records.hooks.AT_ONCE", 4)
    await outbox.begin(["crm"], 0.0)
    await place.write(*(step for n in range(5) for step in answered(f"17.{n}", 1000.0 * n, offer=n + 1)))
    assert len(await told(outbox, hook())) == 15


async def test_the_life_of_a_promise_is_told(place: Place, outbox: HookStore) -> None:
    await outbox.begin(["crm"], 0.0)
    store = CallbackStore(place.url)
    try:
        for n, decide in ((1, kept), (2, give_up)):
            one = promise(f"17.{n}")
            await store.book(one, f"{AN[:-1]}{n}")
            at = one.start_at
            assert await store.claim(one.callback, attempt(n), OPERATOR, at)
            result = AttemptResult.CONNECTED if decide is kept else AttemptResult.NO_ANSWER
            await store.end_attempt(attempt(n), result, at + 60, decide)
        third = promise("17.3")
        await store.book(third, AN[:-1] + "3")
        await store.claim(third.callback, attempt(3), OPERATOR, third.start_at)
        await store.end_attempt(attempt(3), AttemptResult.NO_ANSWER, third.start_at + 60, again)
        cancel = Note(MONDAY + 9e4, "olga", "cancel", "in her own words")
        await store.change(third.callback, lambda p: cancelled(p, MONDAY + 9e4, "cancel"), cancel)
    finally:
        await store.close()
    rows = await told(outbox, hook(kinds=PROMISES))
    by_call = {
        id.split(".")[1]: [kind for _, other, kind in rows if other.split(".")[1] == id.split(".")[1]]
        for _, id, _ in rows
    }
    assert by_call == {
        "1": [K.CALLBACK_PROMISED, K.CALLBACK_REACHED],
        "2": [K.CALLBACK_PROMISED, K.CALLBACK_GIVEN_UP],
        "3": [K.CALLBACK_PROMISED, K.CALLBACK_CANCELLED],
    }
    due = await outbox.due("crm", 1e12, 99)
    assert await outbox.number(due[0]) in {AN[:-1] + n for n in "123"}
    # What a person wrote beside it stays here.
    assert not any("her own words" in one.data for one in due)


async def test_taken_failed_given_up_and_sent_again(place: Place, outbox: HookStore) -> None:
    await outbox.begin(["crm"], 0.0)
    await place.write(*answered("17.1", 1000.0))
    await told(outbox, hook())
    first, second, third = await outbox.due("crm", 2000.0, 9)
    await outbox.taken(first, 2000.0, 204)
    await outbox.failed(second, 2000.0, 2005.0, 500, "the receiver answered 500")
    await outbox.failed(third, 2000.0, None, None, "no answer")
    assert [one.news for one in await outbox.due("crm", 2004.0, 9)] == []
    assert [(one.news, one.attempts) for one in await outbox.due("crm", 2005.0, 9)] == [(second.news, 1)]
    assert await outbox.next_at("crm") == 2005.0
    [dead] = await outbox.dead(9)
    assert (dead.news, dead.error) == (third.news, "no answer")
    state = (await outbox.states())["crm"]
    assert (state.pending, state.dead, state.delivered_at) == (1, 1, 2000.0)
    assert await outbox.redeliver("crm", None, 3000.0) == 1
    assert [one.news for one in await outbox.due("crm", 3000.0, 9)] == [second.news, third.news]
    assert await outbox.redeliver("crm", first.news, 3000.0) == 1
    assert await outbox.redeliver("crm", "e999", 3000.0) == 0


async def test_old_deliveries_are_forgotten(place: Place, outbox: HookStore) -> None:
    await outbox.begin(["crm"], 0.0)
    await place.write(*answered("17.1", 1000.0))
    await told(outbox, hook())
    first, *_ = await outbox.due("crm", 2000.0, 9)
    await outbox.taken(first, 2000.0, 204)
    assert await outbox.forget(5000.0, 500.0) == 1
    assert await outbox.forget(5000.0, 5000.0) == 2
