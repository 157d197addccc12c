"""Who leads, on a real PostgreSQL: one lock, terms that only grow, a deposed leader whose writes come to nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from acd.leadership import Campaign
from acd.leadership.rules import LEASE, Claim, Standby
from acd.model.events import LinkCameUp
from acd.model.leadership import Engine, Seen, Term
from acd.records import Ledger, PostgresLead, fenced, upgrade
from acd.records.database import DatabaseUnusable, NotLeading, connect, writing
from acd.records.migrating import known_revisions, newest
from sim.lab.postgres import Cluster
from tests.records.places import Place

pytestmark = pytest.mark.postgresql

Start = Callable[[str], tuple[PostgresLead, Engine]]


@pytest.fixture
async def start(cluster: Cluster) -> AsyncIterator[Start]:
    """Start an engine of that name on one new database."""
    url = cluster.new_database()
    await upgrade(url)
    async with AsyncExitStack() as stack:

        def begin(name: str) -> tuple[PostgresLead, Engine]:
            store = PostgresLead(url, f"of-{name}")
            stack.push_async_callback(store.release)
            return store, Engine(f"of-{name}", name, "", True)

        begin.url = url  # type: ignore[attr-defined]
        yield begin


def url_of(start: Start) -> str:
    return str(start.url)  # type: ignore[attr-defined]


async def versions(start: Start) -> set[str]:
    engine = connect(url_of(start), readonly=True)
    try:
        async with engine.connect() as connection:
            return set(await connection.scalars(text("SELECT name FROM version")))
    finally:
        await engine.dispose()


async def leading(
    start: Start, name: str, before: str | None = None, *, oust: bool = False
) -> tuple[PostgresLead, Term]:
    store, me = start(name)
    await store.beat(me)
    term = await store.claim(me, before, oust=oust)
    assert term is not None
    return store, term


async def test_one_of_two_leads_and_the_other_sees_who(start: Start) -> None:
    _, term = await leading(start, "a")
    other, me = start("b")
    seen = await other.beat(me)
    assert (seen.leader, seen.term, seen.locked) == ("of-a", term.number, True)
    assert [engine.name for engine in seen.engines] == ["a", "b"]
    assert await other.claim(me, "of-a", oust=False) is None


async def test_the_lock_is_free_when_its_holder_lets_go_and_the_term_grows(start: Start) -> None:
    first, term = await leading(start, "a")
    await first.release()
    other, me = start("b")
    seen = await other.beat(me)
    assert not seen.locked
    assert Standby("of-b").saw(seen, 0.0, 0.0, sees_switch=True) is Claim.FREE, "at the first look: he will not be back"
    later = await other.claim(me, "of-a", oust=False)
    assert later is not None and later.number > term.number == later.previous
    assert (term.takeovers, later.takeovers) == (0, 1)


async def test_a_leader_whose_old_connection_still_has_the_lock_gets_it_back(start: Start) -> None:
    _, term = await leading(start, "a")
    anew, me = start("a")
    await anew.take_back(me, term.number)
    other, second = start("b")
    assert (await other.beat(second)).locked
    assert await other.claim(second, "of-a", oust=False) is None, "it leads on"


async def test_a_deposed_leader_is_told_so_and_writes_nothing_any_more(start: Start) -> None:
    store, term = await leading(start, "a")
    old = connect(fenced(url_of(start), "of-a", term.number))
    try:
        async with writing(old) as connection:
            await connection.execute(text("INSERT INTO version (name, value) VALUES ('mine', 1)"))
        await leading(start, "b", "of-a", oust=True)
        for _ in range(3):
            # The first finds its connections ended; those that are opened anew are refused.
            with pytest.raises(SQLAlchemyError) as refused:
                async with writing(old) as connection:
                    await connection.execute(text("INSERT INTO version (name, value) VALUES ('late', 1)"))
        assert isinstance(refused.value, NotLeading)
        names = await versions(start)
        assert "mine" in names and "late" not in names
        me = Engine("of-a", "a", "", True)
        with pytest.raises(DatabaseUnusable):
            await store.beat(me)
        await store.take_back(me, term.number)
        assert (await store.beat(me)).leader == "of-b"
    finally:
        await old.dispose()


async def test_what_a_frozen_leader_has_under_way_is_rolled_back_and_holds_nobody_up(start: Start) -> None:
    _, term = await leading(start, "a")
    old = connect(fenced(url_of(start), "of-a", term.number))
    try:
        connection = await old.connect()
        await connection.execute(text("INSERT INTO version (name, value) VALUES ('half', 1)"))
        # The alternative is to wait for ever.
        async with asyncio.timeout(20):
            await leading(start, "b", "of-a", oust=True)
        with pytest.raises(SQLAlchemyError):
            await connection.execute(text("INSERT INTO version (name, value) VALUES ('other half', 1)"))
        await connection.invalidate()
        await connection.close()
        assert not {"half", "other half"} & await versions(start)
    finally:
        await old.dispose()


async def test_the_ledger_of_a_deposed_engine_stores_nothing(
    start: Start, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, term = await leading(start, "a")
    spill = tmp_path_factory.mktemp("state") / "events.spill"
    async with Ledger(fenced(url_of(start), "of-a", term.number), spill) as ledger:
        ledger.write([LinkCameUp(1.0, 0, 0)])
        await ledger.caught_up()
        await leading(start, "b", "of-a", oust=True)
        ledger.write([LinkCameUp(2.0, 0, 0)])
        await ledger.flush()
    assert await Place(url_of(start), spill).ledger_types() == ["LinkCameUp"]
    assert spill.exists(), "it lies beside, for a person to look at"


async def test_a_leader_whose_connection_broke_leads_on(start: Start, cluster: Cluster) -> None:
    store, term = await leading(start, "a")
    me = Engine("of-a", "a", "", True)
    database = url_of(start).rpartition("/")[2]
    cluster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '% lead'", database
    )
    with pytest.raises(Exception, match="cannot be used"):
        await store.beat(me)
    await store.take_back(me, term.number)
    seen = await store.beat(me)
    assert (seen.leader, seen.term, seen.locked) == ("of-a", term.number, True)


async def newer(start: Start) -> None:
    """A newer version has made the tables."""
    engine = connect(url_of(start))
    try:
        async with writing(engine) as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    finally:
        await engine.dispose()


async def sees(campaign: Campaign, wanted: Callable[[Seen], bool]) -> Seen:
    """What it sees, once it is so."""
    async with asyncio.timeout(20):
        while True:
            if campaign.seen is not None and wanted(campaign.seen):
                return campaign.seen
            await asyncio.sleep(0.02)


def heir_of(look: Seen) -> bool:
    """b says that it could take over."""
    return any(engine.name == "b" and engine.sees_switch for engine in look.engines)


async def test_an_old_engine_beside_a_newer_schema_never_leads_and_says_why(start: Start) -> None:
    first, term = await leading(start, "a")
    store, me = start("b")
    old = Campaign(store, me, lambda: True, known_revisions())
    won = asyncio.create_task(old.win())
    await sees(old, lambda look: look.schema == newest() and heir_of(look))
    assert old.newer_schema is None
    await newer(start)
    await sees(old, lambda look: look.schema == "9999" and not heir_of(look))
    await first.release()
    for _ in range(5):
        looked = await sees(old, lambda look: not look.locked)
        await sees(old, lambda look, before=looked: look is not before)  # type: ignore[misc]
    assert old.seen is not None and old.newer_schema == "9999"
    assert (old.seen.term, old.seen.leader) == (term.number, "of-a"), "nothing was claimed, nobody was fenced off"
    assert not won.done()
    won.cancel()
    await asyncio.gather(won, return_exceptions=True)
    # One of the newer version takes the lead as ever.
    other, mine = start("c")
    async with asyncio.timeout(20 * LEASE):
        assert (await Campaign(other, mine, lambda: True, {"9999"}).win()).number > term.number
    with pytest.raises(DatabaseUnusable, match=r"schema of a newer version: install that one"):
        await upgrade(url_of(start))
