"""Webhooks from the terminal, and where their secrets lie: works with and without a running service."""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from acd.bootstrap.settings import Settings
from acd.config import load
from acd.hooks.courier import a_test, attempt
from acd.hooks.post import HttpPost
from acd.hooks.signing import BadSecret, read_secret
from acd.model.account import AuditAction, AuditEntry
from acd.model.hook import Delivery, Hook, HookState
from acd.model.mendable import Mendable
from acd.records import AccountStore, HookStore, upgrade

DEAD_SHOWN = 200
"""Deliveries that were given up, at most, in one list."""


class HookError(Mendable):
    """{what cannot be done with a webhook, and why}."""


class HookRow(msgspec.Struct, frozen=True):
    """A hook as the list shows it."""

    hook: Hook
    state: HookState
    fault: str = ""
    """Why nothing can be sent to it; empty = something can."""


def secret_of(folder: Path, hook: Hook) -> bytes:
    """The key of a hook; read anew each time, so that a new secret needs no restart.

    Raises:
        BadSecret: there is none, or it cannot be used.
    """
    if hook.secret_env is not None:
        text = os.environ.get(hook.secret_env, "")
        where = f"the variable {hook.secret_env}"
    else:
        path = folder / (hook.secret_file or "")
        where = str(path)
        try:
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSecret(hook.name, f"{where} cannot be read: {getattr(error, 'strerror', 'no text')}") from None
    if not text:
        raise BadSecret(hook.name, f"{where} is empty")
    return read_secret(hook.name, text)


@asynccontextmanager
async def _outbox(settings: Settings) -> AsyncIterator[HookStore]:
    settings.state.mkdir(parents=True, exist_ok=True)
    await upgrade(settings.database_url)
    store = HookStore(settings.database_url)
    try:
        yield store
    finally:
        await store.close()


async def overview(settings: Settings) -> list[HookRow]:
    """All hooks of ``queues.yaml``.

    Raises:
        ConfigError: it has faults.
        DatabaseUnusable: the records cannot be reached.
    """
    hooks = load(settings.queues).webhooks.values()
    async with _outbox(settings) as outbox:
        states = await outbox.states()
    return [HookRow(hook, states.get(hook.name, HookState()), _fault(settings, hook)) for hook in hooks]


def _fault(settings: Settings, hook: Hook) -> str:
    try:
        secret_of(settings.queues.parent, hook)
    except BadSecret as error:
        return str(error)
    return ""


async def given_up(settings: Settings) -> list[Delivery]:
    """
    Raises:
        DatabaseUnusable: the records cannot be reached.
    """
    async with _outbox(settings) as outbox:
        return await outbox.dead(DEAD_SHOWN)


async def send_test(settings: Settings, by: str, name: str) -> str:
    """Send a hook a test, now and once; returns what came of it.

    Raises:
        HookError: there is no such hook, or its receiver did not take it.
        BadSecret: nothing can be signed.
    """
    hook = _named(settings, name)
    key, now = secret_of(settings.queues.parent, hook), time.time()
    delivery = a_test(hook, f"t{secrets.token_hex(8)}", now)
    answer, error = await attempt(HttpPost(), hook, key, delivery, number=None, now=now)
    await _write_down(settings, AuditEntry(now, by, "", AuditAction.HOOK_TESTED, name, error))
    if error or answer is None:
        raise HookError(f"{name}: {error}")
    return f"{name}: taken, the receiver answered {answer.status}"


async def redeliver(settings: Settings, by: str, name: str, news: str | None) -> int:
    """Send once more what was given up, or one delivery; returns how many. A running service does so within seconds.

    Raises:
        HookError: there is no such hook.
        DatabaseUnusable: the records cannot be reached.
    """
    _named(settings, name)
    now = time.time()
    async with _outbox(settings) as outbox:
        count = await outbox.redeliver(name, news, now)
    await _write_down(settings, AuditEntry(now, by, "", AuditAction.HOOK_REDELIVERED, name, news or "all"))
    return count


def _named(settings: Settings, name: str) -> Hook:
    hooks = load(settings.queues).webhooks
    if name not in hooks:
        raise HookError(f"queues.yaml has no webhook {name!r}; there are: {', '.join(hooks) or 'none'}")
    return hooks[name]


async def _write_down(settings: Settings, entry: AuditEntry) -> None:
    await upgrade(settings.database_url)
    accounts = AccountStore(settings.database_url)
    try:
        await accounts.write(entry)
    finally:
        await accounts.close()
