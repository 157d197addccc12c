"""Keys of programs in the database: as digests only, each change together with its line in the audit log."""

from typing import Final

import msgspec
from sqlalchemy import RowMapping, insert, select, update

from acd.model.account import AccountError, ApiKey, AuditEntry
from acd.records import tables
from acd.records.accounts import append_audit
from acd.records.store import Store

_key = tables.api_key.c
_COLUMNS: Final = [column for column in _key if column is not _key.digest]


class KeyStore(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read or written."""

    async def keys(self) -> list[ApiKey]:
        """All, by name; also those that open nothing any more."""
        async with self._reading() as connection:
            rows = await connection.execute(select(*_COLUMNS).order_by(_key.name))
            return [_read(row) for row in rows.mappings()]

    async def with_digest(self, digest: str) -> ApiKey | None:
        async with self._reading() as connection:
            row = (await connection.execute(select(*_COLUMNS).where(_key.digest == digest))).mappings().one_or_none()
            return None if row is None else _read(row)

    async def add(self, key: ApiKey, digest: str, entry: AuditEntry) -> None:
        """
        Raises:
            AccountError: there is, or was, one of that name.
        """
        row = msgspec.to_builtins(key) | {"digest": digest, "scopes": " ".join(sorted(key.scopes))}
        async with self._writing() as connection:
            if await connection.scalar(select(_key.name).where(_key.name == key.name)):
                raise AccountError(f"there is, or was, a key {key.name!r}: the audit log must tell them apart")
            await connection.execute(insert(tables.api_key).values(**row))
            await append_audit(connection, entry)

    async def revoke(self, name: str, at: float, entry: AuditEntry) -> None:
        """It opens nothing any more, at once and for good.

        Raises:
            AccountError: there is no such key, or it is revoked already.
        """
        async with self._writing() as connection:
            mine = (_key.name == name, _key.revoked_at.is_(None))
            done = await connection.execute(update(tables.api_key).where(*mine).values(revoked_at=at))
            if not done.rowcount:
                raise AccountError(f"there is no key {name!r} that opens anything")
            await append_audit(connection, entry)

    async def used(self, name: str, at: float) -> None:
        async with self._writing() as connection:
            await connection.execute(update(tables.api_key).where(_key.name == name).values(used_at=at))


def _read(row: RowMapping) -> ApiKey:
    values = {str(name): value for name, value in row.items()}
    return msgspec.convert({**values, "scopes": row["scopes"].split()}, ApiKey)
