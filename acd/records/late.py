"""What a leader had seen and could not write before it was deposed comes into the ledger, behind what is known since.

It is too late to be put in order: whoever led since has read from Asterisk who waits and who talks, and has gone on
from there. So

- each entry is kept as it was, as :class:`~acd.model.events.ToldLate`: nothing is lost, and no row follows from it;
- a call that is over, and of which the records lack something, is told by ``CallRepaired``, as after a gap: what was
  seen stands, and its outcome is one;
- scores and recordings, which nobody else can have told, are told as they were.

What somebody wanted then (an operator his pause, a supervisor the crisis message) is not done any more.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import RowMapping, Select, exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.model import events as ev
from acd.model.events import Event
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.told import CallTold, Counted, TalkTold
from acd.records import tables
from acd.records.database import DatabaseUnusable, connect, writing
from acd.records.entries import Entry, seal
from acd.records.repair import Desks, known_calls, repaired
from acd.records.spill import Spill
from acd.records.writing import Batch, append, store_or_blame

AS_THEY_WERE: Final = ("SurveyStarted", "SurveyAnswered")
"""They add a row of their own, and nobody tells them twice."""

_CHUNK: Final = 200
"""Calls, or entries, in a transaction: whoever leads writes in between."""

log = structlog.get_logger()


class Late(msgspec.Struct, frozen=True):
    """What came of it."""

    events: int
    repaired: int
    """Calls of which the records lacked something."""


async def deliver(url: str, file: Path, short_abandon: Mapping[LineId, float], now: float) -> Late | None:
    """Bring a spill file of an earlier term into the database, and delete it. Whoever is killed in the middle begins
    again, and nothing is told twice. Somebody who leads since must have told in the ledger what he found in Asterisk.

    Args:
        short_abandon: seconds, of each line.
        now: seconds since the epoch.

    Returns:
        None = not yet: a gap is open, so a call of which these events tell may go on where nobody sees it.

    Raises:
        DatabaseUnusable: the database does not take it now.
        OSError: the file cannot be read or deleted.
    """
    spill = Spill(file)
    batches, mark = await asyncio.to_thread(_all, spill)
    entries = [entry for batch in batches for entry in batch.entries]
    engine = connect(url)
    try:
        if await _blind(engine):
            return None
        calls = await _repair(engine, _told(entries), short_abandon, now)
        await _recordings(engine, entries)
        for batch in batches:
            late = [entry if entry.type in AS_THEY_WERE else _late(entry) for entry in batch.entries]
            await store_or_blame(engine, Batch(batch.source, batch.position, late))
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()
    await asyncio.to_thread(spill.done, mark, len(entries))
    return Late(len(entries), calls)


def _all(spill: Spill) -> tuple[list[Batch], int]:
    spill.open()
    return spill.all(_CHUNK)


def _late(entry: Entry) -> Entry:
    """The same, told late; with the number and the clock that stood beside it."""
    call = None if entry.call is None else CallId(entry.call)
    line = None if entry.line is None else LineId(entry.line)
    operator = None if entry.operator is None else OperatorId(entry.operator)
    late = seal(ev.ToldLate(entry.at, call, line, operator, entry.type, entry.data))
    late.number, late.switch_at, late.citizen = entry.number, entry.switch_at, entry.citizen
    return late


async def _blind(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool(await connection.scalar(select(exists().where(tables.gap.c.ended_at.is_(None)))))


# --- Calls ---------------------------------------------------------------------------------------------------------


class _Told(msgspec.Struct):
    """One call, as these entries tell it."""

    events: list[Event]
    offset: float = 0.0
    """Seconds to add to Asterisk's clock to get ours."""


def _told(entries: Sequence[Entry]) -> dict[CallId, _Told]:
    calls: dict[CallId, _Told] = {}
    for entry in entries:
        event = entry.event()
        if entry.call is None or event is None or entry.type in AS_THEY_WERE:
            continue
        told = calls.setdefault(CallId(entry.call), _Told([]))
        told.events.append(event)
        if entry.switch_at is not None:
            told.offset = entry.at - entry.switch_at
    return calls


async def _repair(
    engine: AsyncEngine, told: Mapping[CallId, _Told], short_abandon: Mapping[LineId, float], now: float
) -> int:
    """Tell what the records lack; how many calls that were. There is no difference left afterwards."""
    count, calls = 0, list(told)
    for start in range(0, len(calls), _CHUNK):
        chunk = calls[start : start + _CHUNK]
        async with writing(engine) as connection:
            lacking = await _lacking(connection, {call: told[call] for call in chunk}, short_abandon, now)
            await append(connection, [seal(event) for event in lacking])
        count += len({event.call for event in lacking})
    return count


async def _lacking(
    connection: AsyncConnection, told: Mapping[CallId, _Told], short_abandon: Mapping[LineId, float], now: float
) -> list[ev.CallRepaired]:
    async def rows(query: Select[Any]) -> Sequence[RowMapping]:
        found: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
        return found

    known = await known_calls(rows, list(told))
    call = tables.call.c
    columns = (call.call, call.did, call.arrived_at, call.line, call.entered_at, call.language, call.path)
    of = {row["call"]: row for row in await rows(select(*columns, call.ended_at).where(call.call.in_(told)))}
    desks = Desks({}, short_abandon)
    return [
        msgspec.structs.replace(event, switch_gone_at=event.gone_at - one.offset)
        for id, one in told.items()
        for event in repaired(_whole(id, one, of.get(id)), known.get(id), desks, 0.0, now)
    ]


def _whole(id: CallId, told: _Told, row: RowMapping | None) -> CallTold:
    """The call as the records have it and these events go on. Of whom no end is told, and whom nobody has found, the
    last that was heard is the end. Moments are on our clock."""
    one = CallTold(call=id, last_at=told.events[0].at)
    if row is not None:
        one.did, one.arrived_at = row["did"] or "", row["arrived_at"]
        one.language, one.path = row["language"] or one.language, row["path"] or ""
        one.line, one.entered_at = row["line"], row["entered_at"]
    for event in told.events:
        one.last_at = max(one.last_at, event.at)
        _go_on(one, event)
    if one.gone_at is None:
        one.gone_at = one.last_at if row is None else row["ended_at"]
    return one


def _go_on(one: CallTold, event: Event) -> None:
    match event:
        case ev.CallStarted():
            one.did, one.arrived_at = event.did, event.arrived_at
        case ev.CallEnteredLine():
            one.line, one.entered_at = event.line, event.entered_at
            one.language, one.path = event.language, event.path
        case ev.CallRerouted():
            one.line = event.line
        case ev.CallAnswered() | ev.CallPickedUp():
            fallback = isinstance(event, ev.CallAnswered) and event.fallback
            talk = TalkTold(event.line, one.entered_at, event.answered_at, None, fallback, partner=False)
            talk.operator = event.operator
            one.talks.append(talk)
        case ev.TalkFinished() if one.talks:
            one.talks[-1].ended_at = event.ended_at
        case ev.OutcomeCounted():
            one.counted = Counted(event.at, event.outcome, event.waited)
        case ev.CallEnded():
            one.gone_at = event.gone_at
        case _:
            pass


# --- Recordings ----------------------------------------------------------------------------------------------------


async def _recordings(engine: AsyncEngine, entries: Sequence[Entry]) -> None:
    """Begin and end of those that the records do not have, or not to their end."""
    began: dict[str, Entry] = {}
    over: dict[str, Entry] = {}
    for entry in entries:
        match entry.event():
            case ev.RecordingStarted(recording=name):
                began[name] = entry
            case ev.RecordingFinished(recording=name):
                over[name] = entry
            case _:
                pass
    if not began and not over:
        return
    made = tables.recording.c
    async with writing(engine) as connection:
        wanted = select(made.recording, made.ended_at).where(made.recording.in_({**began, **over}))
        known = {row.recording: row.ended_at for row in await connection.execute(wanted)}
        new = [entry for name, entry in began.items() if name not in known]
        ends = [e for name, e in over.items() if (name in began or name in known) and known.get(name) is None]
        await append(connection, [*new, *ends])
