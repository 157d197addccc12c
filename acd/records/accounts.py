"""Accounts, sessions and the audit log in the database.

Every change of an account is written together with its line in the audit log, in one transaction: there is no change
without a trace, and no trace of a change that did not happen. Passwords and links come in as digests only.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Column, ColumnElement, RowMapping, Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model.account import Account, AccountError, AuditAction, AuditEntry, Identity, Role, Session
from acd.model.ids import OperatorId
from acd.records import tables
from acd.records.store import Store

_account, _session, _audit = tables.account.c, tables.session.c, tables.audit.c
_identity = tables.identity.c
CITY: Final = "city"
"""Who did it in the audit log: the city's own provider."""
_ACCOUNT: Final = [column for column in _account if column.name not in ("password", "token")]


class AccountStore(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read or written.

    Names are told apart without regard to case: they are kept in small letters.
    """

    # --- Accounts -----------------------------------------------------------------------------------------------------

    async def accounts(self) -> list[Account]:
        """All, by name."""
        async with self._reading() as connection:
            rows = await connection.execute(select(*_ACCOUNT).order_by(_account.name))
            return [msgspec.convert(row, Account) for row in rows.mappings()]

    async def with_password(self, name: str) -> tuple[Account, str | None] | None:
        """The account and the digest of its password; None = there is none of that name."""
        return await self._find(_account.name == name.lower(), _account.password)

    async def with_token(self, token: str) -> Account | None:
        """The wallboard whose link has this digest."""
        found = await self._find(_account.token == token, _account.token)
        return found and found[0]

    async def add_first(self, name: str, password: str, at: float) -> bool:
        """Make an admin if there is none. Two services that start at once make one."""
        async with self._writing() as connection:
            in_the_way = or_(_account.role == Role.ADMIN, _account.name == name)
            if await connection.scalar(select(func.count()).select_from(tables.account).where(in_the_way)):
                return False
            await self._insert(connection, Account(name, Role.ADMIN, at, must_change=True), password, None)
            entry = AuditEntry(at, "acd", "", AuditAction.ACCOUNT_ADDED, name, Role.ADMIN)
            await append_audit(connection, entry)
            return True

    async def add(self, account: Account, password: str | None, token: str | None, entry: AuditEntry) -> None:
        """A new account, with the digest of its password or of its link.

        Raises:
            AccountError: there is one of that name.
        """
        account = msgspec.structs.replace(account, name=account.name.lower())
        async with self._writing() as connection:
            if await connection.scalar(select(_account.name).where(_account.name == account.name)):
                raise AccountError(f"there is an account {account.name!r} already")
            await self._insert(connection, account, password, token)
            await append_audit(connection, entry)

    async def set_password(
        self, name: str, password: str | None, token: str | None, entry: AuditEntry, *, keep: str = ""
    ) -> None:
        """A new password or link; all sessions but ``keep`` end. One that somebody else gave out must be changed.

        Raises:
            AccountError: there is no such account.
        """
        must_change = token is None and entry.action is not AuditAction.PASSWORD_CHANGED
        await self._change(name, entry, keep=keep, password=password, token=token, must_change=must_change)

    async def set_role(self, name: str, role: Role, operator: OperatorId | None, entry: AuditEntry) -> None:
        """Another role, or another operator; all sessions end.

        Raises:
            AccountError: there is no such account, it is the last admin, or a screen would become a person.
        """
        await self._change(name, entry, role=role.value, operator=operator)

    async def set_disabled(self, name: str, at: float | None, entry: AuditEntry) -> None:
        """Close the account from ``at`` on, or open it again (None); all sessions end.

        Raises:
            AccountError: there is no such account, or it is the last admin.
        """
        await self._change(name, entry, disabled_at=at)

    async def _change(self, name: str, entry: AuditEntry, *, keep: str = "", **values: Any) -> None:
        name = name.lower()
        async with self._writing() as connection:
            row = (await connection.execute(select(*_ACCOUNT).where(_account.name == name))).mappings().one_or_none()
            if row is None:
                raise AccountError(f"there is no account {name!r}")
            if (Role.WALLBOARD in (row["role"], values.get("role"))) and values.get("role", row["role"]) != row["role"]:
                raise AccountError("a wallboard cannot become a person, nor a person a wallboard: make a new account")
            await connection.execute(update(tables.account).where(_account.name == name).values(values))
            if row["role"] == Role.ADMIN and not await connection.scalar(_admins()):
                raise AccountError(f"{name!r} is the last admin: make another one first")
            await connection.execute(delete(tables.session).where(_session.account == name, _session.id != keep))
            await append_audit(connection, entry)

    async def _insert(
        self, connection: AsyncConnection, account: Account, password: str | None, token: str | None
    ) -> None:
        row = msgspec.to_builtins(account) | {"password": password, "token": token}
        await connection.execute(insert(tables.account), [row])

    async def _find(self, condition: ColumnElement[bool], secret: Column[Any]) -> tuple[Account, str | None] | None:
        async with self._reading() as connection:
            query = select(*_ACCOUNT, secret.label("secret")).where(condition)
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else (msgspec.convert(row, Account), row["secret"])

    # --- The city's own provider --------------------------------------------------------------------------------------

    async def admit(self, identity: Identity, at: float, address: str) -> Account:
        """The account of somebody who has proven at the city's provider who he is; made at his first time, and with the
        role that the provider says from now on.

        Raises:
            AccountError: the account is closed, or his name is that of an account which is not his.
        """
        who = (_identity.issuer == identity.issuer, _identity.subject == identity.subject)
        async with self._writing() as connection:
            name = await connection.scalar(select(_identity.account).where(*who))
            if name is None:
                return await self._first_time(connection, identity, at, address)
            row = (await connection.execute(select(*_ACCOUNT).where(_account.name == name))).mappings().one()
            account = msgspec.convert(row, Account)
            if account.disabled_at is not None:
                raise AccountError(f"the account {name!r} is closed")
            operator = identity.operator if identity.sets_operator else account.operator
            if (account.role, account.operator) == (identity.role, operator):
                return account
            values = {"role": identity.role.value, "operator": operator}
            await connection.execute(update(tables.account).where(_account.name == name).values(values))
            if account.role is Role.ADMIN and not await connection.scalar(_admins()):
                raise AccountError(f"{name!r} is the last admin: make another one first")
            await connection.execute(delete(tables.session).where(_session.account == name))
            detail = f"{identity.role} {operator or ''}".strip()
            await append_audit(connection, AuditEntry(at, CITY, address, AuditAction.ACCOUNT_ROLE, name, detail))
            return msgspec.structs.replace(account, role=identity.role, operator=operator)

    async def _first_time(self, connection: AsyncConnection, identity: Identity, at: float, address: str) -> Account:
        name = identity.name
        if await connection.scalar(select(_account.name).where(_account.name == name)):
            raise AccountError(f"there is an account {name!r} already, which is somebody else's")
        account = Account(name, identity.role, at, identity.operator)
        await self._insert(connection, account, None, None)
        link = {"issuer": identity.issuer, "subject": identity.subject, "account": name, "since": at}
        await connection.execute(insert(tables.identity).values(**link))
        await append_audit(connection, AuditEntry(at, CITY, address, AuditAction.ACCOUNT_ADDED, name, identity.role))
        await append_audit(
            connection, AuditEntry(at, CITY, address, AuditAction.IDENTITY_LINKED, name, identity.issuer)
        )
        return account

    # --- Sessions -----------------------------------------------------------------------------------------------------

    async def open_session(self, id: str, account: str, at: float, address: str, *, old: float) -> None:
        """``account`` has signed in. Sessions that began before ``old`` are cleared away, those of screens excepted."""
        entry = AuditEntry(at, account, address, AuditAction.SIGNED_IN)
        screens = select(_account.name).where(_account.role == Role.WALLBOARD)
        row = {"id": id, "account": account, "began_at": at, "seen_at": at, "address": address}
        async with self._writing() as connection:
            await connection.execute(
                delete(tables.session).where(_session.began_at < old, _session.account.not_in(screens))
            )
            await connection.execute(insert(tables.session), [row])
            await connection.execute(update(tables.account).where(_account.name == account).values(signed_in_at=at))
            await append_audit(connection, entry)

    async def session(self, id: str) -> Session | None:
        """The session and its account as it is now; None = it was ended, or the account is disabled."""
        query = (
            select(*_ACCOUNT, _session.began_at, _session.seen_at)
            .join(tables.session, _session.account == _account.name)
            .where(_session.id == id, _account.disabled_at.is_(None))
        )
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else Session(msgspec.convert(row, Account), row["began_at"], row["seen_at"])

    async def touch(self, id: str, at: float) -> None:
        """Somebody asked for something in this session."""
        async with self._writing() as connection:
            await connection.execute(update(tables.session).where(_session.id == id).values(seen_at=at))

    async def end_session(self, id: str, entry: AuditEntry) -> None:
        async with self._writing() as connection:
            await connection.execute(delete(tables.session).where(_session.id == id))
            await append_audit(connection, entry)

    # --- Audit --------------------------------------------------------------------------------------------------------

    async def write(self, entry: AuditEntry) -> None:
        async with self._writing() as connection:
            await append_audit(connection, entry)

    async def log(
        self, *, who: str = "", about: str = "", action: AuditAction | None = None, before: float, limit: int
    ) -> list[AuditEntry]:
        """What is written down, the latest first; ``before`` is a moment, seconds since the epoch."""
        columns = [column for column in _audit if column is not _audit.seq]
        query = select(*columns).where(_audit.at < before).order_by(_audit.seq.desc()).limit(limit)
        for column, wanted in ((_audit.who, who), (_audit.about, about), (_audit.action, action)):
            if wanted:
                query = query.where(column == wanted)
        async with self._reading() as connection:
            return [_entry(row) for row in (await connection.execute(query)).mappings()]


def _admins() -> Select[int]:
    """How many there are who can sign in."""
    active = (_account.role == Role.ADMIN, _account.disabled_at.is_(None))
    return select(func.count()).select_from(tables.account).where(*active)


async def append_audit(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Numbered without a hole: nobody else writes meanwhile, and a line that is taken away is missed."""
    last = await connection.scalar(select(func.coalesce(func.max(_audit.seq), 0)))
    await connection.execute(insert(tables.audit), [{"seq": (last or 0) + 1} | msgspec.to_builtins(entry)])


def _entry(row: RowMapping) -> AuditEntry:
    return msgspec.convert(row, AuditEntry)
