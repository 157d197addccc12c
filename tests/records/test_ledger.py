"""The journal: order, whole steps, and nothing lost or doubled whatever becomes of the database or of us."""

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from sqlalchemy import event as listen
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.model import events as ev
from acd.model.events import Event
from acd.model.ids import CallId
from acd.ports import Journal
from acd.records import Ledger, database, ledger, tables, upgrade
from acd.records.entries import UNREADABLE, Entry, seal
from acd.records.ledger import BATCH, EventsUnsafe
from acd.records.spill import Spill
from acd.records.writing import Batch, store
from sim.lab.postgres import Cluster
from tests.records.histories import NUMBER, Step, abandoned, answered, flat, waiting
from tests.records.places import Place


def note(n: int) -> ev.MoveRefused:
    return ev.MoveRefused(float(n), str(n), "")


def notes(first: int, last: int) -> list[Event]:
    return [note(n) for n in range(first, last + 1)]


async def numbers(place: Place) -> list[int]:
    """The notes that the ledger holds, in its order."""
    return [int(event.what) for event in await place.events() if isinstance(event, ev.MoveRefused)]


async def test_it_is_a_journal(sqlite: Place) -> None:
    async with sqlite.ledger() as journal:
        wanted: Journal = journal
        wanted.write(notes(1, 3))
        await wanted.flush()
        assert await numbers(sqlite) == [1, 2, 3]


async def test_events_keep_their_order_and_are_numbered_without_a_hole(place: Place) -> None:
    async with place.ledger() as journal:
        for n in range(1, 3 * BATCH, 3):
            journal.write(notes(n, n + 2))
            if n % 7 == 0:
                await asyncio.sleep(0)
        journal.write([])
        await journal.flush()
        assert journal.health == ledger.Health(0, 0, None)
    rows = await place.rows(tables.event)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert await numbers(place) == list(range(1, len(rows) + 1))


async def test_what_was_written_and_not_flushed_is_stored_at_close(sqlite: Place) -> None:
    async with sqlite.ledger() as journal:
        journal.write(notes(1, 3 * BATCH))
        assert journal.health.behind == 3 * BATCH
    assert await numbers(sqlite) == list(range(1, 3 * BATCH + 1))
    assert not sqlite.spill.exists()


async def test_a_closed_ledger_takes_nothing_silently(sqlite: Place) -> None:
    async with sqlite.ledger() as journal:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        journal.write(notes(1, 1))


async def test_a_close_that_is_cancelled_does_not_cut_a_transaction(sqlite: Place) -> None:
    journal = sqlite.ledger()
    await journal.start()
    journal.write(notes(1, 50))
    closing = asyncio.create_task(journal.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await journal.close()
    assert await numbers(sqlite) == list(range(1, 51))


async def test_two_runs_may_overlap(place: Place) -> None:
    """A standby takes over while the old leader still has something to say."""
    async with place.ledger() as one, Ledger(place.url, place.spill.with_name("other")) as two:
        for n in range(1, 60):
            one.write([note(n)])
            two.write([note(1000 + n)])
            if n % 10 == 0:
                await asyncio.gather(one.flush(), two.flush())
    found = await numbers(place)
    assert [n for n in found if n < 1000] == list(range(1, 60))
    assert [n for n in found if n > 1000] == list(range(1001, 1060))


# --- The database in trouble ---------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of moments instead of seconds."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.02)
    monkeypatch.setattr(ledger, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(ledger, "LONGEST_PAUSE", 0.05)


class Patient:
    """A SQLite database that can be made ill: a PRAGMA runs before each of the ledger's transactions."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.pragma = ""
        monkeypatch.setattr(ledger, "connect", self.connect)

    def connect(self, url: str) -> AsyncEngine:
        engine = database.connect(url)

        @listen.listens_for(engine.sync_engine, "checkout")
        def taken(connection: Any, *_: object) -> None:
            if self.pragma:
                connection.cursor().execute(f"PRAGMA {self.pragma}")

        return engine


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Somebody else holds the database's write lock."""
    other = sqlite3.connect(place.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def test_a_locked_database_loses_nothing(sqlite: Place, quick: None) -> None:
    async with sqlite.ledger() as journal:
        journal.write(notes(1, 3))
        await journal.caught_up()
        with locked(sqlite):
            for n in range(4, 400, 2):
                journal.write(notes(n, n + 1))
            await journal.flush()
            assert journal.health.behind == journal.health.spilled == 396
            assert journal.health.last_error == "database is locked"
            journal.write([note(400)])
            await journal.flush()
            assert journal.health.behind == journal.health.spilled == 397
        journal.write([note(401)])
        await journal.caught_up()
        assert journal.health == ledger.Health(0, 0, None)
    assert await numbers(sqlite) == list(range(1, 402))
    assert not sqlite.spill.exists()


async def test_how_long_the_oldest_event_waits_for_the_database_is_known(
    sqlite: Place, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 50.0
    monkeypatch.setattr("acd.records.ledger.time.monotonic", lambda: now)
    async with sqlite.ledger() as journal:
        journal.write(notes(1, 5))
        await journal.caught_up()
        now = 500.0
        assert journal.lag == 0
        with locked(sqlite):
            for at in (1000.0, 1000.4, 1030.0, 1062.5):
                now = at
                journal.write([note(int(at))])
            await journal.flush()
            assert journal.lag == 62.5
            now = 1100.0
            assert journal.lag == 100.0
        await journal.caught_up()
        assert journal.lag == 0


ILLNESSES = [
    ("query_only=ON", "query_only=OFF", "attempt to write a readonly database"),
    ("max_page_count=1", "max_page_count=4294967294", "database or disk is full"),
]


@pytest.mark.parametrize(("ill", "well", "error"), ILLNESSES)
async def test_a_read_only_database_and_a_full_disk_lose_nothing(
    sqlite: Place, quick: None, monkeypatch: pytest.MonkeyPatch, ill: str, well: str, error: str
) -> None:
    patient = Patient(sqlite, monkeypatch)
    async with sqlite.ledger() as journal:
        patient.pragma = ill
        story = flat([step for n in range(60) for step in answered(f"17.{n}", 1000.0, f"op{n}", n + 1)])
        journal.write(story)
        await journal.flush()
        assert journal.health.last_error == error
        assert journal.health.spilled == len(story)
        patient.pragma = well
        await journal.caught_up()
    assert await sqlite.events() == story
    assert len(await sqlite.rows(tables.outcome)) == 60


async def test_where_the_spill_file_cannot_be_written_either_all_stays_in_memory(
    sqlite: Place, quick: None, tmp_path: Path
) -> None:
    folder = tmp_path / "later"
    async with Ledger(sqlite.url, folder / "spill") as journal:
        with locked(sqlite):
            journal.write(notes(1, 300))
            await until(lambda: journal.health.last_error is not None)
            journal.write(notes(301, 302))
            assert journal.health == ledger.Health(302, 0, "database is locked")
            folder.mkdir()
            await journal.flush()
            assert journal.health.spilled == 302
        journal.write([note(303)])
    assert await numbers(sqlite) == list(range(1, 304))


async def test_a_close_in_an_outage_puts_the_rest_aside_for_the_next_run(sqlite: Place, quick: None) -> None:
    with locked(sqlite):
        async with sqlite.ledger() as journal:
            journal.write(notes(1, 5))
        assert sqlite.spill.exists()
        async with sqlite.ledger() as journal:
            assert journal.health.behind == 5
            # What an earlier run put aside has waited at least since this one began.
            started = time.monotonic()
            journal.write(notes(6, 9))
            assert journal.lag >= time.monotonic() - started
    async with sqlite.ledger() as journal:
        journal.write(notes(10, 10))
        await journal.caught_up()
        assert await numbers(sqlite) == list(range(1, 11))
    assert not sqlite.spill.exists()


async def test_a_close_that_can_put_nothing_aside_says_so(sqlite: Place, quick: None, tmp_path: Path) -> None:
    journal = Ledger(sqlite.url, tmp_path / "nowhere" / "spill")
    await journal.start()
    journal.write(notes(1, 5))
    with locked(sqlite), pytest.raises(EventsUnsafe, match=r"5 events are neither .* locked"):
        await journal.close()


async def test_the_spill_file_is_for_our_eyes_only(sqlite: Place, quick: None) -> None:
    with locked(sqlite):
        async with sqlite.ledger() as journal:
            journal.write(flat(waiting("17.1", 1.0)))
        assert NUMBER.encode() in sqlite.spill.read_bytes()
        assert sqlite.spill.stat().st_mode & 0o077 == 0
    async with sqlite.ledger() as journal:
        await journal.caught_up()
    assert [row["number"] for row in await sqlite.rows(tables.caller)] == [NUMBER]
    assert not sqlite.spill.exists()


async def test_a_commit_whose_answer_was_lost_is_not_stored_twice(
    place: Place, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = 0

    async def deaf(engine: AsyncEngine, batch: Batch) -> None:
        nonlocal lost
        await store(engine, batch)
        lost += 1
        if lost % 3:
            raise OperationalError("COMMIT", None, ConnectionError("connection lost"))

    monkeypatch.setattr("acd.records.writing.store", deaf)
    async with place.ledger() as journal:
        for n in range(1, 40, 4):
            journal.write(notes(n, n + 3))
            await journal.caught_up()
    assert lost >= 10
    assert await numbers(place) == list(range(1, 41))


async def test_what_hangs_in_a_transaction_can_be_put_aside_and_is_stored_once(
    sqlite: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is cut without a word, and another leads since: nobody answers, and there is no time to wait."""
    hangs, goes_on = asyncio.Event(), asyncio.Event()

    async def hung(engine: AsyncEngine, batch: Batch) -> None:
        hangs.set()
        await goes_on.wait()
        await store(engine, batch)

    monkeypatch.setattr("acd.records.writing.store", hung)
    async with sqlite.ledger() as journal:
        journal.write(notes(1, 2))
        await hangs.wait()
        journal.write(notes(3, 4))
        await journal.put_aside()
        kept = Spill(sqlite.spill)
        kept.open()
        assert kept.pending == 4
        goes_on.set()
        journal.write(notes(5, 6))
        await journal.caught_up()
    assert await numbers(sqlite) == [1, 2, 3, 4, 5, 6]


async def test_a_start_without_a_database_stores_all_as_soon_as_there_is_one(tmp_path: Path, quick: None) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    async with Ledger(url) as journal:
        journal.write(notes(1, 5))
        await journal.flush()
        assert "no such table" in (journal.health.last_error or "")
        await upgrade(url)
        await journal.caught_up()
    assert await numbers(Place(url, tmp_path)) == [1, 2, 3, 4, 5]


@pytest.mark.postgresql
async def test_a_server_that_goes_away_and_comes_back_loses_nothing(
    cluster: Cluster, tmp_path: Path, quick: None
) -> None:
    place = Place(cluster.new_database(), tmp_path / "spill")
    await upgrade(place.url)
    async with place.ledger() as journal:
        journal.write(notes(1, 10))
        await journal.caught_up()
        await asyncio.to_thread(cluster.stop)
        try:
            journal.write(notes(11, 500))
            await journal.flush()
            assert journal.health.spilled == 490
            journal.write(notes(501, 510))
        finally:
            await asyncio.to_thread(cluster.start)
        await journal.caught_up()
        journal.write(notes(511, 512))
    assert await numbers(place) == list(range(1, 513))


@pytest.mark.postgresql
async def test_a_session_killed_by_the_server_or_made_read_only_loses_nothing(
    cluster: Cluster, tmp_path: Path, quick: None
) -> None:
    place = Place(cluster.new_database(), tmp_path / "spill")
    await upgrade(place.url)
    name = place.url.rsplit("/", 1)[1]
    kick = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    async with place.ledger() as journal:
        journal.write(notes(1, 5))
        await journal.caught_up()
        cluster.execute(kick)
        journal.write(notes(6, 9))
        await journal.caught_up()
        cluster.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        cluster.execute(kick)
        journal.write(notes(10, 20))
        await until(lambda: "read-only" in (journal.health.last_error or ""))
        cluster.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        cluster.execute(kick)
        await journal.caught_up()
    assert await numbers(place) == list(range(1, 21))


async def until(reached: Any) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - a plain reading, nothing to wait on
            await asyncio.sleep(0.005)


async def test_a_spill_file_of_rubbish_holds_up_nobody(sqlite: Place) -> None:
    sqlite.spill.write_bytes(b"rubbish\n" * 3)
    async with sqlite.ledger() as journal:
        await asyncio.wait_for(journal.caught_up(), 10)
        journal.write(notes(1, 2))
    assert await numbers(sqlite) == [1, 2]


# --- Poison --------------------------------------------------------------------------------------------------------


async def test_an_entry_that_the_database_refuses_does_not_block_the_others(
    place: Place, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the border ever let one through: no time, which a column demands, or text that is none."""

    def careless(event: Event) -> Entry:
        entry = seal(event)
        match getattr(event, "what", ""):
            case "2":
                entry.at = cast("Any", None)
            case "4":
                entry.type = "\ud800"
            case _:
                pass
        return entry

    monkeypatch.setattr(ledger, "seal", careless)
    await place.write(notes(1, 3), notes(4, 6))
    assert await place.ledger_types() == ["MoveRefused", UNREADABLE, "MoveRefused", UNREADABLE] + ["MoveRefused"] * 2
    assert await numbers(place) == [1, 3, 5, 6]
    refused = [row["data"] for row in await place.rows(tables.event) if row["type"] == UNREADABLE]
    assert ["MoveRefused" in data for data in refused] == [True, True]


async def test_a_fault_of_our_own_keeps_the_events_until_it_is_mended(
    sqlite: Place, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise TypeError("a fault in the program")

    with monkeypatch.context() as patch:
        patch.setattr("acd.records.writing.keys_of", broken)
        async with sqlite.ledger() as journal:
            journal.write(notes(1, 3))
            await journal.flush()
            assert journal.health.spilled == 3
    async with sqlite.ledger() as journal:
        await journal.caught_up()
    assert await numbers(sqlite) == [1, 2, 3]


# --- Killed --------------------------------------------------------------------------------------------------------

CHILD = """
import asyncio, itertools, sys
import structlog
from pathlib import Path
from acd.model.events import MoveRefused
from acd.records import Ledger

async def main(url, spill, first):
    async with Ledger(url, Path(spill)) as ledger:
        for n in itertools.count(int(first), 3):
            ledger.write([MoveRefused(float(k), str(k), "") for k in range(n, n + 3)])
            if n % 20 == 0:
                await ledger.flush()
                print(n + 2, flush=True)
            else:
                await asyncio.sleep(0)

structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
asyncio.run(main(*sys.argv[1:]))
"""


async def killed(place: Place, first: int, lines: int, seconds: float) -> int:
    """Let another process write steps of three notes; ``kill -9`` some time after it has flushed so often.

    Returns:
        The last note that it called flushed.
    """
    root = str(Path(__file__).parents[2])
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, place.url, str(place.spill), str(first)),
        stdout=asyncio.subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert child.stdout is not None
    said = [await child.stdout.readline() for _ in range(lines)]
    await asyncio.sleep(seconds)
    child.kill()
    said += (await child.communicate())[0].splitlines(keepends=True)
    return max(int(line) for line in said if line.endswith(b"\n"))


async def test_after_kill_9_all_that_was_flushed_is_there_in_order_and_in_whole_steps(place: Place) -> None:
    first = 2
    for seconds in (0.0, 0.013, 0.031):
        flushed = await killed(place, first, 3, seconds)
        found = await numbers(place)
        assert found == list(range(2, len(found) + 2))
        assert len(found) % 3 == 0
        assert found[-1] >= flushed
        assert [row["seq"] for row in await place.rows(tables.event)] == list(range(1, len(found) + 1))
        first = found[-1] + 1
    assert first > 60


async def test_kill_9_in_an_outage_loses_nothing_that_was_flushed(sqlite: Place, quick: None) -> None:
    with locked(sqlite):
        flushed = await killed(sqlite, 2, 1, 0.0)
    torn = sqlite.spill.read_bytes() + b'["run",99,[[1.0,"MoveRef'
    sqlite.spill.write_bytes(torn)
    async with sqlite.ledger() as journal:
        journal.write([note(10**6)])
        await journal.caught_up()
    found = await numbers(sqlite)
    assert found.pop() == 10**6
    assert found == list(range(2, len(found) + 2))
    assert found[-1] >= flushed
    assert not sqlite.spill.exists()


# --- Speed ---------------------------------------------------------------------------------------------------------


async def test_two_thousand_events_a_second_and_nothing_piles_up(sqlite: Place) -> None:
    """Measured in CPU time, which neighbours on the machine do not change."""
    steps: list[Step] = [step for n in range(300) for step in answered(f"17.{n}", 1000.0 + n, f"op{n % 20}", n + 1)]
    async with sqlite.ledger() as journal:
        journal.write(steps[0])
        await journal.caught_up()
        began = time.process_time()
        for n, step in enumerate(steps[1:]):
            journal.write(step)
            if n % 100 == 0:
                await journal.flush()
        await journal.caught_up()
        spent = time.process_time() - began
        assert journal.health.behind == 0
    assert len(flat(steps)) / spent > 2000


async def test_a_write_does_not_wait(sqlite: Place, quick: None) -> None:
    async with sqlite.ledger() as journal:
        with locked(sqlite):
            began = time.process_time()
            for n in range(1000):
                journal.write([ev.CallStarted(1.0, CallId(f"17.{n}"), "did", NUMBER, 1.0)])
            assert time.process_time() - began < 0.2
            assert journal.health.behind == 1000


# --- Both clocks, and who called again ------------------------------------------------------------------------------


async def test_asterisks_clock_is_noted_beside_ours(place: Place) -> None:
    offset: float | None = None
    async with Ledger(place.url, place.spill, switch_offset=lambda: offset) as ledger:
        ledger.write(abandoned("17.1", 1000.0)[0])
        # Asterisk's clock is 2.5 s behind ours.
        offset = 2.5
        ledger.write(abandoned("17.1", 1000.0)[1])
        await ledger.caught_up()
    assert [(row["seq"], row["at"], row["switch_at"]) for row in await place.rows(tables.event)] == [
        (1, 1000.0, None),
        (2, 1010.0, 1007.5),
    ]


async def test_the_same_citizen_is_known_again_without_his_number(place: Place) -> None:
    async with Ledger(place.url, place.spill, key=b"a key of the test") as ledger:
        for call, number in (("17.1", "+32470000001"), ("17.2", "+32470000001"), ("17.3", "+32470000002")):
            ledger.write(waiting(call, 1000.0, number=number)[0])
        ledger.write(waiting("17.4", 1000.0, number=None)[0])
        await ledger.caught_up()
    citizens = {row["call"]: row["citizen"] for row in await place.rows(tables.citizen)}
    assert set(citizens) == {"17.1", "17.2", "17.3"}
    assert citizens["17.1"] == citizens["17.2"] != citizens["17.3"]
    assert not any("32470" in citizen for citizen in citizens.values())


async def test_both_survive_the_file_beside_a_database_that_is_away(sqlite: Place) -> None:
    await sqlite.execute("ALTER TABLE event RENAME TO away")
    async with Ledger(sqlite.url, sqlite.spill, key=b"a key of the test", switch_offset=lambda: 2.5) as ledger:
        ledger.write(waiting("17.1", 1000.0)[0])
        await ledger.flush()
    await sqlite.execute("ALTER TABLE away RENAME TO event")
    await sqlite.write()
    assert [row["switch_at"] for row in await sqlite.rows(tables.event)] == [997.5]
    assert len(await sqlite.rows(tables.citizen)) == 1
