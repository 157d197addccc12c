"""Mails of reports in the database: one row a mailing and period, so that each is sent once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import and_, delete, func, select, update

from acd.model.mailing import Mail
from acd.records import tables
from acd.records.store import Store
from acd.records.writing import insert_new

_mail = tables.mail.c


class MailStore(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database does not do it."""

    async def known(self) -> Mapping[str, date]:
        """The newest period of each mailing that was ever seen."""
        async with self._reading() as connection:
            rows = await connection.execute(select(_mail.mailing, func.max(_mail.period)).group_by(_mail.mailing))
            return {mailing: date.fromisoformat(period) for mailing, period in rows}

    async def add(self, mails: Sequence[Mail]) -> None:
        """Those that are there already stay as they are."""
        async with self._writing() as connection:
            new = insert_new(tables.mail, connection.dialect.name)
            await connection.execute(new, [msgspec.to_builtins(mail) for mail in mails])

    async def due(self, now: float) -> list[Mail]:
        return await self._mails(select(tables.mail).where(_mail.next_at <= now).order_by(_mail.due_at, _mail.mailing))

    async def latest(self) -> list[Mail]:
        """The newest of each mailing."""
        newest = select(_mail.mailing, func.max(_mail.period).label("period")).group_by(_mail.mailing).subquery().c
        same = and_(_mail.mailing == newest.mailing, _mail.period == newest.period)
        return await self._mails(select(tables.mail).join(newest.mailing.table, same).order_by(_mail.mailing))

    async def sent(self, mail: Mail, at: float, error: str | None) -> None:
        """The server has it; ``error``: for some recipients it did not take it."""
        await self._set(mail, attempts=mail.attempts + 1, next_at=None, sent_at=at, error=error)

    async def failed(self, mail: Mail, at: float, again_at: float | None, error: str) -> None:
        """It was not taken; ``again_at`` None: it is given up."""
        dead_at = at if again_at is None else None
        await self._set(mail, attempts=mail.attempts + 1, next_at=again_at, dead_at=dead_at, error=error)

    async def again(self, mailing: str, at: float) -> int:
        """Send once more what was given up. How many."""
        given_up = _mail.mailing == mailing, _mail.dead_at.is_not(None)
        values = {"attempts": 0, "next_at": at, "dead_at": None, "error": None}
        async with self._writing() as connection:
            return (await connection.execute(update(tables.mail).where(*given_up).values(values))).rowcount

    async def forget(self, mailings: Collection[str]) -> None:
        """Of mailings that are there no more."""
        async with self._writing() as connection:
            await connection.execute(delete(tables.mail).where(_mail.mailing.in_(mailings)))

    async def _set(self, mail: Mail, **values: Any) -> None:
        mine = and_(_mail.mailing == mail.mailing, _mail.period == mail.period)
        async with self._writing() as connection:
            await connection.execute(update(tables.mail).where(mine).values(values))

    async def _mails(self, query: Any) -> list[Mail]:
        async with self._reading() as connection:
            return [msgspec.convert(row, Mail) for row in (await connection.execute(query)).mappings()]
