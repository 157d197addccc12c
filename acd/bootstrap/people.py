"""Accounts from the terminal: works with and without a running service, which learns of it at once."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from acd.bootstrap.settings import Settings
from acd.model.account import Account, AccountError, ApiKey, AuditAction, AuditEntry, Role, Scope
from acd.model.ids import OperatorId
from acd.records import AccountStore, KeyStore, upgrade
from acd.web.accounts import Refused, is_name
from acd.web.keys import new_key
from acd.web.passwords import digest, hash_now, one_time, token
from acd.web.texts import Lang, text


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[AccountStore]:
    settings.state.mkdir(parents=True, exist_ok=True)
    await upgrade(settings.database_url)
    store = AccountStore(settings.database_url)
    try:
        yield store
    finally:
        await store.close()


async def accounts(settings: Settings) -> list[Account]:
    async with _store(settings) as store:
        return await store.accounts()


async def add(settings: Settings, by: str, name: str, role: Role, operator: str | None) -> str:
    """Make an account; returns what its owner must be told.

    Raises:
        AccountError: there is one of that name, or no such name can be.
    """
    name = name.lower()
    if not is_name(name):
        raise AccountError(
            f"{name!r}: a name consists of letters, digits, dot, hyphen or @, at most 40, without spaces"
        )
    screen = role is Role.WALLBOARD
    who = OperatorId(operator) if operator and not screen else None
    account = Account(name, role, time.time(), who, must_change=not screen)
    told, password, link = _secret(account)
    async with _store(settings) as store:
        await store.add(account, password, link, _entry(by, AuditAction.ACCOUNT_ADDED, name, role))
    return told


async def renew(settings: Settings, by: str, name: str) -> str:
    """Make a new password or link; returns what its owner must be told.

    Raises:
        AccountError: there is no such account.
    """
    async with _store(settings) as store:
        found = await store.with_password(name)
        if found is None:
            raise AccountError(f"there is no account {name!r}")
        account = found[0]
        told, password, link = _secret(account)
        await store.set_password(account.name, password, link, _entry(by, AuditAction.ACCOUNT_PASSWORD, account.name))
    return told


async def set_role(settings: Settings, by: str, name: str, role: Role, operator: str | None) -> None:
    """
    Raises:
        AccountError: there is no such account, or it cannot have that role.
    """
    detail = f"{role} {operator or ''}".strip()
    async with _store(settings) as store:
        who = OperatorId(operator) if operator else None
        await store.set_role(name, role, who, _entry(by, AuditAction.ACCOUNT_ROLE, name.lower(), detail))


async def set_disabled(settings: Settings, by: str, name: str, closed: bool) -> None:
    """
    Raises:
        AccountError: there is no such account, or it is the last admin.
    """
    action = AuditAction.ACCOUNT_DISABLED if closed else AuditAction.ACCOUNT_ENABLED
    async with _store(settings) as store:
        await store.set_disabled(name, time.time() if closed else None, _entry(by, action, name.lower()))


async def keys(settings: Settings) -> list[ApiKey]:
    async with _key_store(settings) as store:
        return await store.keys()


async def add_key(settings: Settings, by: str, name: str, scopes: Sequence[Scope], days: int | None) -> str:
    """Make a key; returns what its program must be told.

    Raises:
        AccountError: no such key can be, or there is one of that name.
    """
    try:
        key, shown = new_key(name, frozenset(scopes), days, by=by, now=time.time())
    except Refused:
        raise AccountError(text(Lang.EN, "key_wrong")) from None
    async with _key_store(settings) as store:
        detail = " ".join(sorted(key.scopes))
        await store.add(key, digest(shown), _entry(by, AuditAction.KEY_ADDED, key.name, detail))
    return f"key of {key.name}, shown this once: {shown}"


async def revoke_key(settings: Settings, by: str, name: str) -> None:
    """
    Raises:
        AccountError: there is no such key, or it is revoked already.
    """
    async with _key_store(settings) as store:
        await store.revoke(name.lower(), time.time(), _entry(by, AuditAction.KEY_REVOKED, name.lower()))


@asynccontextmanager
async def _key_store(settings: Settings) -> AsyncIterator[KeyStore]:
    settings.state.mkdir(parents=True, exist_ok=True)
    await upgrade(settings.database_url)
    store = KeyStore(settings.database_url)
    try:
        yield store
    finally:
        await store.close()


def _secret(account: Account) -> tuple[str, str | None, str | None]:
    """What to tell, and of it the digest as a password or as a link."""
    if account.role is Role.WALLBOARD:
        link = token()
        return f"link of {account.name}, on the service's own address: /kiosk/{link}", None, digest(link)
    password = one_time()
    return f"one-time password of {account.name}: {password}", hash_now(password), None


def _entry(by: str, action: AuditAction, about: str, detail: str = "") -> AuditEntry:
    return AuditEntry(time.time(), by, "", action, about, detail)
