"""One transaction: a run of entries goes into the ledger, and what it means into the projection."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
import structlog
from sqlalchemy import ColumnElement, Executable, Table, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.records import tables
from acd.records.checking import LedgerIncomplete, holes_in
from acd.records.database import connect, writing
from acd.records.entries import Entry, unreadable
from acd.records.projection import (
    NOT_THEN,
    PROJECTION_VERSION,
    SIGNS_OF_LIFE,
    AnomalyRecord,
    CallRecord,
    GapRecord,
    HoldRecord,
    Keys,
    LineRecord,
    LinesRecord,
    OfferRecord,
    OutcomeRecord,
    OverflowRecord,
    Picture,
    Place,
    RecordingRecord,
    Row,
    ScoreRecord,
    SettingRecord,
    SpyRecord,
    StateRecord,
    SurveyRecord,
    TalkRecord,
    WaitRecord,
    WishRecord,
    keys_of,
)

log = structlog.get_logger()

TABLES: Final[Mapping[type[Row], Table]] = MappingProxyType(
    {
        CallRecord: tables.call,
        OutcomeRecord: tables.outcome,
        OfferRecord: tables.offer,
        WaitRecord: tables.wait,
        TalkRecord: tables.talk,
        HoldRecord: tables.hold,
        OverflowRecord: tables.overflow,
        StateRecord: tables.operator_state,
        WishRecord: tables.operator_wish,
        GapRecord: tables.gap,
        SettingRecord: tables.setting,
        AnomalyRecord: tables.anomaly,
        LineRecord: tables.line_switched,
        LinesRecord: tables.operator_lines,
        SpyRecord: tables.spy,
        SurveyRecord: tables.survey,
        ScoreRecord: tables.survey_answer,
        RecordingRecord: tables.recording,
    }
)

ONLY_ONCE: Final = (tables.outcome, tables.anomaly)
"""Tables whose rows never change, but for an inferred outcome that Asterisk's own record corrects: a second one with
the same key is refused by the database."""

_REBUILD_CHUNK: Final = 2000

R = TypeVar("R", bound=Row)


class Batch(msgspec.Struct, array_like=True):
    """Consecutive entries of one run of the engine."""

    source: str
    """Names that run."""
    position: int
    """How many entries that run has made, the last one of these included."""
    entries: list[Entry]


async def store(engine: AsyncEngine, batch: Batch) -> None:
    """Store all of ``batch``, or nothing. What an earlier attempt has stored is not stored again.

    Raises:
        SQLAlchemyError, OSError: the database did not take it.
    """
    async with writing(engine) as connection:
        last, stored = await _reached(connection, batch.source)
        first = batch.position - len(batch.entries)
        entries = batch.entries[max(0, stored - first) :]
        if not entries:
            return
        await _take(connection, last + 1, entries)
        receipt = {"source": batch.source, "position": batch.position}
        await connection.execute(upsert(tables.receipt, connection.dialect.name), [receipt])


async def append(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Store what follows from the ledger itself, in a transaction in which nobody else writes. It has a receipt, too,
    of no run: an auditor counts them all."""
    if entries:
        last, stored = await _reached(connection, "")
        await _take(connection, last + 1, entries)
        receipt = {"source": "", "position": stored + len(entries)}
        await connection.execute(upsert(tables.receipt, connection.dialect.name), [receipt])


async def _take(connection: AsyncConnection, seq: int, entries: Sequence[Entry]) -> None:
    await _append(connection, seq, entries)
    await _place_citizens(connection, entries, await project(connection, seq, entries))


async def store_or_blame(engine: AsyncEngine, batch: Batch) -> None:
    """:func:`store`, or :func:`store_singly` when the database blames what it is given.

    Raises:
        SQLAlchemyError, OSError: the database is in trouble, whatever it is given.
    """
    try:
        await store(engine, batch)
    except Exception as error:
        if not blames_data(error):
            raise
        log.error("records.batch_refused", entries=len(batch.entries), error=f"{type(error).__name__}: {error}")
        await store_singly(engine, batch)


async def store_singly(engine: AsyncEngine, batch: Batch) -> None:
    """Store the entries one by one; one that the database blames is kept as unreadable, and the others go on.

    Raises:
        SQLAlchemyError, OSError: the database is in trouble, whatever it is given.
    """
    first = batch.position - len(batch.entries) + 1
    for position, entry in enumerate(batch.entries, first):
        try:
            await store(engine, Batch(batch.source, position, [entry]))
        except Exception as error:
            if not blames_data(error):
                raise
            log.error("records.unreadable", type=entry.type, call=entry.call, error=f"{type(error).__name__}: {error}")
            await store(engine, Batch(batch.source, position, [unreadable(entry.data, error)]))


def blames_data(error: Exception) -> bool:
    """Whether the fault lies in what was to be stored. The rest passes: a lock, a full disk, no server, no schema."""
    if isinstance(error, DataError | IntegrityError):
        return True
    return not isinstance(error, SQLAlchemyError | OSError)


async def _reached(connection: AsyncConnection, source: str) -> tuple[int, int]:
    """The last number of the ledger, and how many entries of this run it has."""
    last = select(func.max(tables.event.c.seq)).scalar_subquery()
    receipt = tables.receipt.c
    stored = select(receipt.position).where(receipt.source == source).scalar_subquery()
    row = (await connection.execute(select(func.coalesce(last, 0), func.coalesce(stored, 0)))).one()
    return row[0], row[1]


async def _append(connection: AsyncConnection, seq: int, entries: Sequence[Entry]) -> None:
    rows = [
        {
            "seq": n,
            "at": e.at,
            "type": e.type,
            "call": e.call,
            "line": e.line,
            "operator": e.operator,
            "data": e.data,
            "switch_at": e.switch_at,
        }
        for n, e in enumerate(entries, seq)
    ]
    await connection.execute(insert(tables.event), rows)
    numbers = [{"call": e.call, "at": e.at, "number": e.number} for e in entries if e.number is not None]
    if numbers:
        await connection.execute(insert_new(tables.caller, connection.dialect.name), numbers)
    citizens = [{"call": e.call, "at": e.at, "citizen": e.citizen} for e in entries if e.citizen is not None]
    if citizens:
        await connection.execute(insert_new(tables.citizen, connection.dialect.name), citizens)


async def project(
    connection: AsyncConnection, seq: int, entries: Sequence[Entry], ledger: AsyncConnection | None = None
) -> Picture:
    """Fold ``entries``, numbered from ``seq`` on, into the projection; what came of it. ``ledger``: where the events
    are, if not beside it."""
    picture = await _load(connection, seq, entries, ledger or connection)
    for number, entry in enumerate(entries, seq):
        picture.fold(number, entry)
    for kind, table in TABLES.items():
        rows = picture.changes(kind)
        await _write(connection, table, [row for row in rows if not _corrected(picture, row)], once=table in ONLY_ONCE)
        await _write(connection, table, [row for row in rows if _corrected(picture, row)], once=False)
    return picture


_citizen: Final = tables.citizen.c
_PLACE: Final = tuple(f"new_{name}" for name in tables.PLACE)


async def _place_citizens(connection: AsyncConnection, entries: Sequence[Entry], picture: Picture) -> None:
    """Line, arrival and outcome of a call stand beside the citizen, too: of new ones, and where they change."""
    new = {entry.call for entry in entries if entry.citizen is not None}
    calls = picture.calls.items()
    moved = [(call, *row.place) for call, row in calls if call in new or picture.placed.get(call) != row.place]
    await place_citizens(connection, moved)


async def place_citizens(connection: AsyncConnection, moved: Sequence[tuple[str, *Place]]) -> None:
    """``moved``: calls, each with what stands beside its citizen from now on."""
    if moved:
        rows = [dict(zip(("of", *_PLACE), call, strict=True)) for call in moved]
        values: dict[str, Any] = dict(zip(tables.PLACE, map(bindparam, _PLACE), strict=True))
        await connection.execute(update(tables.citizen).where(_citizen.call == bindparam("of")).values(values), rows)


async def _place_all_citizens(connection: AsyncConnection) -> None:
    call = tables.call.c
    values = {"line": func.coalesce(call.counted_line, ""), "arrived_at": call.arrived_at}
    values |= {"day": call.day, "outcome": call.outcome}
    await connection.execute(update(tables.citizen).where(_citizen.call == call.call).values(values))


def _corrected(picture: Picture, row: Row) -> bool:
    return isinstance(row, OutcomeRecord) and row.call in picture.corrected


async def _write(connection: AsyncConnection, table: Table, rows: Sequence[Row], *, once: bool) -> None:
    if rows:
        statement = insert(table) if once else upsert(table, connection.dialect.name)
        await connection.execute(statement, [msgspec.to_builtins(row) for row in rows])


async def _load(connection: AsyncConnection, seq: int, entries: Sequence[Entry], ledger: AsyncConnection) -> Picture:
    """What the database has of the rows that ``entries`` touch."""
    keys, picture = keys_of(entries), Picture()
    if keys.calls:
        calls = await _rows(connection, CallRecord, tables.call.c.call.in_(keys.calls))
        picture.calls = {row.call: row for row in calls}
        picture.placed = {row.call: row.place for row in calls}
    if keys.outcomes:
        outcomes = await _rows(connection, OutcomeRecord, tables.outcome.c.call.in_(keys.outcomes))
        picture.outcomes = {row.call: row for row in outcomes}
    offers = keys.offers | {row.last_offer for row in picture.calls.values() if row.last_offer is not None}
    if offers:
        picture.offers = {
            row.offer: row for row in await _rows(connection, OfferRecord, tables.offer.c.offer.in_(offers))
        }
    if keys.operators:
        state = tables.operator_state.c
        now = await _rows(connection, StateRecord, state.operator.in_(keys.operators), state.ended_at.is_(None))
        picture.states = {row.operator: row for row in now}
    if keys.spies:
        spies = await _rows(connection, SpyRecord, tables.spy.c.spy.in_(keys.spies))
        picture.spies = {row.spy: row for row in spies}
    if keys.recordings:
        made = await _rows(connection, RecordingRecord, tables.recording.c.recording.in_(keys.recordings))
        picture.recordings = {row.recording: row for row in made}
    if keys.calls:
        visit = tables.overflow.c
        wanted = (
            or_(visit.ended_at.is_(None), visit.call.in_(keys.repaired)) if keys.repaired else visit.ended_at.is_(None)
        )
        visits = await _rows(connection, OverflowRecord, visit.call.in_(keys.calls), wanted)
        picture.overflows = {row.call: row for row in sorted(visits, key=lambda row: row.seq)}
    await _load_talks(connection, keys, picture)
    if keys.gap:
        gaps = await _rows(connection, GapRecord, tables.gap.c.ended_at.is_(None))
        picture.gap = gaps[0] if gaps else None
        picture.sign_of_life = await _sign_of_life(ledger, seq)
    return picture


async def _load_talks(connection: AsyncConnection, keys: Keys, picture: Picture) -> None:
    """Open waits and talks of the calls, and each operator's last talk, which he may come to wrap up."""
    talk, found = tables.talk.c, []
    if keys.calls:
        waits = await _rows(
            connection, WaitRecord, tables.wait.c.call.in_(keys.calls), tables.wait.c.ended_at.is_(None)
        )
        picture.waits = {row.call: row for row in waits}
        found += await _rows(connection, TalkRecord, talk.call.in_(keys.calls), talk.ended_at.is_(None))
    if keys.repaired:
        past = await _rows(connection, WaitRecord, tables.wait.c.call.in_(keys.repaired))
        picture.past_waits = {row.seq: picture.waits.get(row.call, row) if _open(row) else row for row in past}
        over = await _rows(connection, TalkRecord, talk.call.in_(keys.repaired), talk.ended_at.is_not(None))
        picture.talks = {row.seq: row for row in over}
    if keys.attempts:
        found += await _rows(connection, TalkRecord, talk.attempt.in_(keys.attempts), talk.ended_at.is_(None))
    for row in found:
        of = row.call if row.attempt is None else row.attempt
        if of is not None:
            picture.speaking[of] = row.seq
    if keys.speakers:
        seen = talk.operator.in_(keys.speakers), talk.told_later.is_not(True)
        last = select(func.max(talk.seq)).where(*seen).group_by(talk.operator)
        spoke = await _rows(connection, TalkRecord, talk.seq.in_(last))
        picture.spoke = {row.operator: row.seq for row in spoke if row.operator is not None}
        found += spoke
    wrapped = {row.talk for row in picture.states.values() if row.talk is not None} - {row.seq for row in found}
    if wrapped:
        found += await _rows(connection, TalkRecord, talk.seq.in_(wrapped))
    for row in found:
        # One row, one object: what an open talk of a call and an operator's last talk learn is of the same row.
        picture.talks.setdefault(row.seq, row)
    held = [row.seq for row in picture.talks.values() if row.held_at is not None]
    if held:
        holds = await _rows(connection, HoldRecord, tables.hold.c.talk.in_(held))
        picture.holds = {row.talk: row for row in sorted(holds, key=lambda row: row.seq)}


def _open(wait: WaitRecord) -> bool:
    return wait.ended_at is None


async def _rows(connection: AsyncConnection, kind: type[R], *where: ColumnElement[bool]) -> list[R]:
    found = await connection.execute(select(TABLES[kind]).where(*where))
    return [msgspec.convert(row, kind) for row in found.mappings()]


async def _sign_of_life(connection: AsyncConnection, before: int) -> float | None:
    """When we last saw something of the switch, before the ledger entry with that number."""
    event = tables.event.c
    seen = or_(and_(event.call.is_not(None), event.type.not_in(NOT_THEN)), event.type.in_(SIGNS_OF_LIFE))
    last = select(event.at).where(event.seq < before, seen).order_by(event.seq.desc()).limit(1)
    return await connection.scalar(last)


@cache
def upsert(table: Table, dialect: str) -> Executable:
    """Insert, or replace the row with the same key."""
    new: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    values = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)  # type: ignore[no-any-return]


@cache
def insert_new(table: Table, dialect: str) -> Executable:
    """Insert, unless there is a row with the same key."""
    new: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return new.on_conflict_do_nothing(index_elements=list(table.primary_key))  # type: ignore[no-any-return]


async def rebuild(url: str, *, incomplete: bool = False) -> int:
    """Make the projection anew from the ledger, in one transaction; readers see the old one until then.

    Args:
        incomplete: also when events are missing from the ledger.

    Returns:
        How many ledger entries there are.

    Raises:
        LedgerIncomplete: events are missing.
        DatabaseUnusable: the address is wrong.
        SQLAlchemyError, OSError: the database did not take it; all is as before.
    """
    engine = connect(url)
    try:
        async with writing(engine) as connection:
            if not incomplete and (holes := await holes_in(connection)):
                raise LedgerIncomplete(holes)
            return await project_anew(connection)
    finally:
        await engine.dispose()


async def project_anew(connection: AsyncConnection) -> int:
    """:func:`rebuild` within a transaction that is under way, from the events that there are."""
    for table in TABLES.values():
        await connection.execute(delete(table))
    count = 0
    done = 0
    while runs := await runs_after(connection, done):
        for seq, entries in runs:
            await project(connection, seq, entries)
            count, done = count + len(entries), seq + len(entries) - 1
    await _place_all_citizens(connection)
    await note_version(connection)
    return count


async def note_version(connection: AsyncConnection) -> None:
    """The projection is what the rules of this version make of the ledger."""
    made = {"name": "projection", "value": PROJECTION_VERSION}
    await connection.execute(upsert(tables.version, connection.dialect.name), [made])


async def runs_after(connection: AsyncConnection, done: int) -> list[tuple[int, list[Entry]]]:
    """The next page of the ledger, in runs of consecutive numbers, each with its first; empty: there is no more."""
    event = tables.event.c
    columns = (event.seq, event.at, event.type, event.call, event.line, event.operator, event.data)
    part = select(*columns).where(event.seq > done).order_by(event.seq).limit(_REBUILD_CHUNK)
    rows = (await connection.execute(part)).all()
    runs = (
        [row for _, row in run] for _, run in groupby(enumerate(rows), lambda numbered: numbered[1].seq - numbered[0])
    )
    return [(found[0].seq, [Entry(*row[1:]) for row in found]) for found in runs]
