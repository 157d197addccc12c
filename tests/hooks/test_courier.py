"""The courier: each delivery until it is taken, in order, and nobody waits for a receiver that is away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from acd.hooks.courier import LONGEST_WISH, PAUSES, Courier, next_attempt
from acd.hooks.post import Answer, HttpPost, NotSent
from acd.hooks.signing import BadSecret, new_secret, read_secret
from acd.model.hook import Hook, NewsKind
from acd.records import HookStore, upgrade
from acd.records.tables import delivery
from tests.hooks.receiver import receiver
from tests.records.histories import NUMBER, answered
from tests.records.places import Place

SECRET = new_secret()
KINDS = frozenset({NewsKind.CALL_OFFERED, NewsKind.CALL_ANSWERED, NewsKind.CALL_ENDED})


def hook(name: str = "crm", url: str = "https://crm.example/", *, personal: bool = False) -> Hook:
    return Hook(name, url, KINDS, secret_env="X", personal=personal, private=True)


class Receivers:
    """Programs of the city as a courier meets them: ``say`` decides what the request number n is answered."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.say: Callable[[str, int], Answer] = lambda url, n: Answer(200)

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
        self.got.append((url, headers["webhook-id"]))
        return self.say(url, len(self.got) - 1)


class Town:
    """Records, hooks, and a courier whose clock stands still until a test moves it."""

    def __init__(self, place: Place, outbox: HookStore) -> None:
        self.place = place
        self.outbox = outbox
        self.now = 10_000.0
        self.hooks = {"crm": hook()}
        self.post = Receivers()
        self.secrets = {"crm": SECRET, "bi": SECRET}

    def courier(self) -> Courier:
        return Courier(self.outbox, lambda: self.hooks, self.secret, self.post, lambda: self.now)

    def secret(self, hook: Hook) -> bytes:
        return read_secret(hook.name, self.secrets[hook.name])

    async def calls(self, *numbers: int) -> None:
        await self.place.write(*(step for n in numbers for step in answered(f"17.{n}", 1000.0 + n, offer=n)))

    async def made(self) -> Courier:
        """Deliveries of the call 1, and a courier whose own tasks do not run."""
        await self.outbox.begin(self.hooks, 0.0)
        await self.calls(1)
        while await self.outbox.gather(self.hooks):
            pass
        return self.courier()


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    outbox = HookStore(url)
    yield Town(Place(url, tmp_path / "spill"), outbox)
    await outbox.close()


@asynccontextmanager
async def at_work(courier: Courier) -> AsyncIterator[None]:
    task = asyncio.create_task(courier.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_is_brought_once_in_order(town: Town) -> None:
    courier = await town.made()
    assert await courier.bring("crm")
    assert await courier.bring("crm")
    assert [id for _, id in town.post.got] == await all_of(town)
    assert len(town.post.got) == 3
    assert (await town.outbox.states())["crm"].pending == 0


async def all_of(town: Town) -> list[str]:
    """The ids of all deliveries, as it happened."""
    return [row["news"] for row in sorted(await town.place.rows(delivery), key=lambda row: row["at"])]


async def test_a_receiver_that_is_down_for_hours_misses_nothing(town: Town) -> None:
    courier = await town.made()
    town.post.say = lambda url, n: Answer(503)
    started = town.now
    while town.now < started + 5 * 3600:
        await courier.bring("crm")
        town.now += 60
    town.post.say = lambda url, n: Answer(200)
    before = len(town.post.got)
    town.now += PAUSES[7]
    assert await courier.bring("crm")
    assert len({id for _, id in town.post.got[before:]}) == 3
    # Each was asked for by the same id every time, and not every minute.
    assert before <= 3 * 8


async def test_one_that_never_takes_it_is_given_up_and_can_be_sent_again(town: Town) -> None:
    courier = await town.made()
    town.post.say = lambda url, n: Answer(500)
    for _ in range(3 * (len(PAUSES) + 2)):
        await courier.bring("crm")
        town.now += max(PAUSES)
    state = (await town.outbox.states())["crm"]
    assert (state.pending, state.dead) == (0, 3)
    assert len(town.post.got) == 3 * (len(PAUSES) + 1)
    town.post.say = lambda url, n: Answer(200)
    assert await town.outbox.redeliver("crm", None, town.now) == 3
    assert await courier.bring("crm")
    assert (await town.outbox.states())["crm"].dead == 0


async def test_a_receiver_that_is_gone_for_good_is_believed(town: Town) -> None:
    courier = await town.made()
    town.post.say = lambda url, n: Answer(410)
    for _ in range(3):
        await courier.bring("crm")
    assert (await town.outbox.states())["crm"].dead == 3


async def test_killed_between_answer_and_note_it_repeats_with_the_same_id(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    courier = await town.made()

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(town.outbox, "taken", killed)
        with pytest.raises(asyncio.CancelledError):
            await courier.bring("crm")
    assert await town.courier().bring("crm")
    ids = [id for _, id in town.post.got]
    assert ids[0] == ids[1] and len(ids) == 4


async def test_without_a_secret_they_wait(town: Town) -> None:
    courier = await town.made()
    town.secrets["crm"] = "nonsense"
    with pytest.raises(BadSecret):
        await courier.bring("crm")
    assert (town.post.got, (await town.outbox.states())["crm"].pending) == ([], 3)
    town.secrets["crm"] = SECRET
    assert await courier.bring("crm")


async def test_a_number_that_is_erased_meanwhile_is_not_sent(town: Town) -> None:
    bodies: list[bytes] = []

    class Keeping(Receivers):
        async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
            bodies.append(body)
            return Answer(200)

    town.post = Keeping()
    town.hooks = {"crm": hook(personal=True)}
    courier = await town.made()
    await courier.bring("crm")
    assert all(msgspec.json.decode(body)["data"]["number"] == NUMBER for body in bodies)
    await town.place.execute("DELETE FROM caller")
    for one in await all_of(town):
        await town.outbox.redeliver("crm", one, town.now)
    await courier.bring("crm")
    assert [msgspec.json.decode(body)["data"]["number"] for body in bodies[3:]] == [None] * 3
    town.hooks = {"crm": hook(personal=False)}
    for one in await all_of(town):
        await town.outbox.redeliver("crm", one, town.now)
    await courier.bring("crm")
    assert all("number" not in msgspec.json.decode(body)["data"] for body in bodies[6:])


async def test_one_that_hangs_holds_up_nobody_else(town: Town) -> None:
    """Two programs, of which the first never answers."""
    arrived = asyncio.Event()

    class Hanging(Receivers):
        async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
            if "crm" in url:
                await asyncio.Event().wait()
            self.got.append((url, headers["webhook-id"]))
            if len(self.got) == 3:
                arrived.set()
            return Answer(200)

    town.post = Hanging()
    town.hooks = {"crm": hook(), "bi": hook("bi", "https://bi.example/")}
    courier = town.courier()
    await town.outbox.begin(town.hooks, 0.0)
    async with at_work(courier):
        await town.calls(1)
        courier.listen([])
        await asyncio.wait_for(arrived.wait(), 10)


async def test_whatever_goes_wrong_the_courier_goes_on(town: Town) -> None:
    """A courier that ended would end the service with it."""
    arrived = asyncio.Event()

    class Moody(Receivers):
        async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
            self.got.append((url, headers["webhook-id"]))
            if len(self.got) == 1:
                raise RuntimeError("nobody thought of that")
            if len(self.got) == 2:
                raise NotSent("connection refused")
            arrived.set()
            return Answer(200)

    town.post = Moody()
    courier = town.courier()
    await town.outbox.begin(town.hooks, 0.0)
    async with at_work(courier):
        await town.calls(1)
        courier.listen([])
        async with asyncio.timeout(60):
            while not arrived.is_set():
                town.now += 1
                courier.look()
                await asyncio.sleep(0.05)


async def test_over_the_wire_a_receiver_believes_what_it_gets(town: Town) -> None:
    async with receiver(lambda n: (500, "") if n == 0 else (200, "")) as city:
        town.hooks = {"crm": hook(url=f"http://127.0.0.1:{city.port}/acd", personal=True)}
        await town.made()
        # The library of the specification wants the present moment.
        now = datetime.now().astimezone().timestamp()
        courier = Courier(
            town.outbox, lambda: town.hooks, town.secret, HttpPost(), lambda: now + 60 * len(city.requests)
        )
        for _ in range(3):
            await courier.bring("crm")
        assert [headers["webhook-id"] for headers, _ in city.requests].count(city.requests[0][0]["webhook-id"]) == 2
        told = [Webhook(SECRET).verify(body.decode(), headers) for headers, body in city.requests]
    assert {one["type"] for one in told} == KINDS
    assert all(one["id"] == headers["webhook-id"] for one, (headers, _) in zip(told, city.requests, strict=True))
    assert all(one["timestamp"].endswith("+00:00") and one["data"]["call"] == "17.1" for one in told)


@given(st.integers(0, 40), st.one_of(st.none(), st.floats(0, 1e9)), st.sampled_from([301, 400, 404, 429, 500, 503]))
def test_pauses_grow_and_end(attempts: int, wish: float | None, status: int) -> None:
    at = next_attempt(attempts, 1000.0, Answer(status, wish))
    if attempts >= len(PAUSES):
        assert at is None
    else:
        assert at is not None
        assert PAUSES[attempts] <= at - 1000.0 <= max(PAUSES[attempts], LONGEST_WISH)
    assert list(PAUSES) == sorted(PAUSES)
    assert sum(PAUSES) >= 36 * 3600
