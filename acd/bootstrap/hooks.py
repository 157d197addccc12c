"""Webhooks from the pages and the terminal, and where their secrets lie. The command line works with and without a
running service."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from acd.bootstrap.settings import Settings
from acd.config import load
from acd.config.private import OpenToAll, read_private
from acd.hooks.courier import a_test, attempt
from acd.hooks.post import HttpPost, Post
from acd.hooks.signing import BadSecret, read_secret
from acd.model.account import AuditAction, AuditEntry
from acd.model.hook import Delivery, Hook, HookError, HookRow, HookState
from acd.ports import Clock
from acd.records import AccountStore, HookStore, upgrade

DEAD_SHOWN: Final = 200
"""Deliveries that were given up, at most, in one list."""


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
        where = path.name
        try:
            text = read_private(path)
        except OSError as error:
            raise BadSecret(hook.name, f"{where} cannot be read: {error.strerror}") from None
        except OpenToAll as error:
            raise BadSecret(hook.name, str(error)) from None
    if not text:
        raise BadSecret(hook.name, f"{where} is empty")
    return read_secret(hook.name, text)


class HookDesk:
    """What people do about webhooks: implements :class:`acd.web.webhooks.HookDesk`.

    Args:
        outbox: where deliveries are.
        hooks: as the settings are at the moment.
        folder: where ``queues.yaml`` is, and the secrets beside it.
        post: brings the tests.
        clock: seconds since the epoch.
        look: called when something is to be sent again.
    """

    def __init__(
        self,
        outbox: HookStore,
        hooks: Callable[[], Mapping[str, Hook]],
        folder: Path,
        post: Post,
        *,
        clock: Clock = time.time,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._hooks = hooks
        self._folder = folder
        self._post = post
        self._clock = clock
        self._look = look

    async def overview(self) -> list[HookRow]:
        states = await self._outbox.states()
        hooks = self._hooks().values()
        return [HookRow(hook, states.get(hook.name, HookState()), self._fault(hook)) for hook in hooks]

    async def dead(self) -> list[Delivery]:
        return await self._outbox.dead(DEAD_SHOWN)

    async def test(self, name: str) -> int:
        hook, now = self._named(name), self._clock()
        try:
            key = secret_of(self._folder, hook)
        except BadSecret as error:
            raise HookError(str(error)) from None
        delivery = a_test(hook, f"t{secrets.token_hex(8)}", now)
        answer, fault = await attempt(self._post, hook, key, delivery, number=None, now=now)
        if fault or answer is None:
            raise HookError(f"{name}: {fault}")
        return answer.status

    async def redeliver(self, name: str, news: str | None) -> int:
        self._named(name)
        count = await self._outbox.redeliver(name, news, self._clock())
        if news is not None and not count:
            raise HookError(f"{name} has no delivery {news!r}")
        self._look()
        return count

    def _named(self, name: str) -> Hook:
        hooks = self._hooks()
        if name not in hooks:
            raise HookError(f"queues.yaml has no webhook {name!r}; there are: {', '.join(hooks) or 'none'}")
        return hooks[name]

    def _fault(self, hook: Hook) -> str:
        try:
            secret_of(self._folder, hook)
        except BadSecret as error:
            return str(error)
        return ""


@asynccontextmanager
async def hook_desk(settings: Settings) -> AsyncIterator[HookDesk]:
    """For one command.

    Raises:
        ConfigError: ``queues.yaml`` has faults.
        DatabaseUnusable: the records cannot be reached.
    """
    hooks = load(settings.queues).webhooks
    settings.state.mkdir(parents=True, exist_ok=True)
    await upgrade(settings.database_url)
    store = HookStore(settings.database_url)
    try:
        yield HookDesk(store, lambda: hooks, settings.queues.parent, HttpPost())
    finally:
        await store.close()


async def overview(settings: Settings) -> list[HookRow]:
    async with hook_desk(settings) as desk:
        return await desk.overview()


async def given_up(settings: Settings) -> list[Delivery]:
    async with hook_desk(settings) as desk:
        return await desk.dead()


async def send_test(settings: Settings, by: str, name: str) -> int:
    """Send a hook a test, now and once; returns what its receiver answered.

    Raises:
        HookError: there is no such hook, or its receiver did not take it.
    """
    async with hook_desk(settings) as desk:
        fault = ""
        try:
            return await desk.test(name)
        except HookError as error:
            fault = str(error)[:200]
            raise
        finally:
            await _write_down(settings, AuditEntry(time.time(), by, "", AuditAction.HOOK_TESTED, name, fault))


async def redeliver(settings: Settings, by: str, name: str, news: str | None) -> int:
    """Send once more what was given up, or one delivery; returns how many. A running service does so within seconds.

    Raises:
        HookError: there is no such hook, or no such delivery.
    """
    async with hook_desk(settings) as desk:
        count = await desk.redeliver(name, news)
    await _write_down(settings, AuditEntry(time.time(), by, "", AuditAction.HOOK_REDELIVERED, name, news or "all"))
    return count


async def _write_down(settings: Settings, entry: AuditEntry) -> None:
    accounts = AccountStore(settings.database_url)
    try:
        await accounts.write(entry)
    finally:
        await accounts.close()
