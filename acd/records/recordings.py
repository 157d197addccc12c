"""Recorded conversations in the database: which there are, whose time is over, and which are deleted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, and_, or_, select

from acd.model.recording import Recording
from acd.records import tables
from acd.records.store import Store
from acd.records.writing import insert_new

_recording, _gone = tables.recording.c, tables.recording_gone.c


class RecordingBook(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read or written."""

    async def of_call(self, call: str) -> list[Recording]:
        """Those of a call, and of the calls back that were promised in it; the oldest first."""
        promise, attempt = tables.callback.c, tables.attempt.c
        back = select(attempt.attempt).join(tables.callback, promise.callback == attempt.callback)
        back = back.where(or_(promise.call == call, promise.callback == call))
        return await self._read(_all().where(or_(_recording.call == call, _recording.attempt.in_(back))))

    async def one(self, recording: str) -> Recording | None:
        found = await self._read(_all().where(_recording.recording == recording))
        return found[0] if found else None

    async def standing(self) -> list[Recording]:
        """Those whose files are not deleted."""
        return await self._read(_all().where(_gone.recording.is_(None)))

    async def expired(self, before: Mapping[str, float], otherwise: float) -> list[Recording]:
        """Those whose time is over.

        Args:
            before: by line, recordings that began before then; seconds since the epoch.
            otherwise: of lines that are not there any more, or record no longer.
        """
        over = [and_(_recording.line == line, _recording.began_at < at) for line, at in before.items()]
        over.append(and_(_recording.line.not_in(list(before)), _recording.began_at < otherwise))
        return await self._read(_all().where(_gone.recording.is_(None), or_(*over)))

    async def of(self, owners: Collection[str]) -> list[Recording]:
        """Those not deleted, whose names begin with the id of one of these calls or attempts."""
        return [one for one in await self.standing() if one.recording.rpartition("-")[0] in owners]

    async def note_gone(self, recordings: Sequence[str], at: float, why: str) -> None:
        rows = [{"recording": one, "at": at, "why": why} for one in recordings]
        if rows:
            async with self._writing() as connection:
                await connection.execute(insert_new(tables.recording_gone, connection.dialect.name), rows)

    async def _read(self, query: Select[Any]) -> list[Recording]:
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings()
            return [msgspec.convert(row, Recording) for row in rows]


def _all() -> Select[Any]:
    return (
        select(tables.recording, _gone.at.label("gone_at"), _gone.why)
        .select_from(tables.recording.outerjoin(tables.recording_gone, _gone.recording == _recording.recording))
        .order_by(_recording.began_at, _recording.recording)
    )
