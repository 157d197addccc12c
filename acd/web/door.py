"""Who comes in: sessions, signing in and out, and the trace of it in the audit log.

A browser holds a token in a signed cookie; the database holds the token's digest. So a session ends at once for good
when its row goes, whatever the browser still has, and whoever reads the database cannot walk in with it.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from acd.model.account import SEES_NUMBERS, Account, ApiKey, AuditAction, AuditEntry, Identity, Role, Scope, Session
from acd.model.ids import OperatorId
from acd.web import passwords
from acd.web.throttle import Throttle

IDLE: Final = 3600.0
"""Seconds after which somebody who has asked for nothing must sign in again."""
ABSOLUTE: Final = 12 * 3600.0
"""Seconds after which everybody must. Neither counts for a screen on the wall: nobody is there to type."""
TOUCH_EVERY: Final = 60.0
"""Seconds between two notes in the database that a session is in use."""


class AccountBook(Protocol):
    """Where accounts, sessions and the audit log are kept. A book that cannot be reached raises ``Mendable``."""

    async def accounts(self) -> list[Account]: ...
    async def with_password(self, name: str) -> tuple[Account, str | None] | None: ...
    async def with_token(self, token: str) -> Account | None: ...
    async def add(self, account: Account, password: str | None, token: str | None, entry: AuditEntry) -> None: ...
    async def set_password(
        self, name: str, password: str | None, token: str | None, entry: AuditEntry, *, keep: str = ""
    ) -> None: ...
    async def set_role(self, name: str, role: Role, operator: OperatorId | None, entry: AuditEntry) -> None: ...
    async def set_disabled(self, name: str, at: float | None, entry: AuditEntry) -> None: ...
    async def open_session(self, id: str, account: str, at: float, address: str, *, old: float) -> None: ...
    async def session(self, id: str) -> Session | None: ...
    async def touch(self, id: str, at: float) -> None: ...
    async def end_session(self, id: str, entry: AuditEntry) -> None: ...
    async def admit(self, identity: Identity, at: float, address: str) -> Account: ...
    async def write(self, entry: AuditEntry) -> None: ...
    async def log(
        self, *, who: str = "", about: str = "", action: AuditAction | None = None, before: float, limit: int
    ) -> list[AuditEntry]: ...


class SignInRefused(Exception):
    """Name or password is wrong, or the account is closed. Which of them, nobody is told."""


class TooManyAttempts(Exception):
    """Signing in failed too often: again in {wait} seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"signing in failed too often: again in {wait:.0f} seconds")
        self.wait = wait


class PasswordRefused(Exception):
    """The new password is not good; ``text`` is the key of the text that says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class KeyRefused(Exception):
    """The key opens nothing: there is none such, it is revoked, or its time is over."""


class KeyBook(Protocol):
    """Where the keys of programs are kept. A book that cannot be reached raises ``Mendable``."""

    async def keys(self) -> list[ApiKey]: ...
    async def with_digest(self, digest: str) -> ApiKey | None: ...
    async def add(self, key: ApiKey, digest: str, entry: AuditEntry) -> None: ...
    async def revoke(self, name: str, at: float, entry: AuditEntry) -> None: ...
    async def used(self, name: str, at: float) -> None: ...


class Visitor(msgspec.Struct, frozen=True):
    """Who asks for something."""

    account: Account | None
    """None = nobody has signed in."""
    address: str
    local: bool
    """Sits at this very machine."""
    session: str = ""
    """Digest of the browser's token."""
    key: ApiKey | None = None
    """A program shows it instead of an account."""

    @property
    def name(self) -> str:
        if self.key is not None:
            return f"key:{self.key.name}"
        return self.account.name if self.account else ""

    @property
    def sees_numbers(self) -> bool:
        if self.key is not None:
            return Scope.NUMBERS in self.key.scopes
        return self.account is not None and self.account.role in SEES_NUMBERS

    def entry(self, at: float, action: AuditAction, about: str = "", detail: str = "") -> AuditEntry:
        return AuditEntry(at, self.name, self.address, action, about, detail)


class Door:
    """Lets people in and out.

    Args:
        book: where accounts are kept.
        secret: signs the browser's cookie.
        secure: the pages are reached over TLS, and the cookie goes nowhere else.
        clock: seconds since the epoch.
        keys: where those of programs are kept; None = there are none.
    """

    def __init__(
        self,
        book: AccountBook,
        *,
        secret: str,
        secure: bool,
        clock: Callable[[], float] = time.time,
        keys: KeyBook | None = None,
    ) -> None:
        self.book: Final = book
        self.keys: Final = keys
        self.secret: Final = secret
        self.secure: Final = secure
        self.clock: Final = clock
        self._checker = passwords.Checker()
        self._throttle = Throttle()

    async def session(self, token: str, *, person: bool) -> Session | None:
        """The session of this token, when it still counts. ``person``: somebody asks, not a page by itself."""
        id, now = passwords.digest(token), self.clock()
        session = await self.book.session(id)
        if session is None or _over(session, now):
            return None
        if person and now - session.seen_at >= TOUCH_EVERY:
            await self.book.touch(id, now)
        return session

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """The token of a new session.

        Raises:
            SignInRefused: name or password is wrong, or the account is closed.
            TooManyAttempts: there were too many failures.
        """
        found = await self._proven(name, password, address)
        return await self._open(found, address)

    async def enter_by_link(self, link: str, address: str) -> str:
        """The token of a new session for a screen on the wall.

        Raises:
            SignInRefused: there is no such link, or it is closed.
            TooManyAttempts: there were too many failures.
        """
        self._check_rate(f"link {address}", address)
        account = await self.book.with_token(passwords.digest(link))
        if account is None or account.disabled_at is not None:
            self._throttle.tried(f"link {address}", address, self.clock())
            raise SignInRefused
        return await self._open(account, address)

    async def enter_by_key(self, shown: str) -> ApiKey:
        """The key of a program, each time that it asks for something. Not throttled: 256 bits cannot be guessed, and a
        program with an old key must not keep its neighbours from signing in.

        Raises:
            KeyRefused: it opens nothing.
        """
        now = self.clock()
        key = await self.keys.with_digest(passwords.digest(shown)) if self.keys and shown else None
        if key is None or self.keys is None or not key.opens(now):
            raise KeyRefused
        if key.used_at is None or now - key.used_at >= TOUCH_EVERY:
            await self.keys.used(key.name, now)
        return key

    async def enter_as(self, account: Account, address: str) -> str:
        """The token of a new session, for somebody who has proven elsewhere who he is."""
        return await self._open(account, address)

    async def sign_out(self, visitor: Visitor) -> None:
        entry = visitor.entry(self.clock(), AuditAction.SIGNED_OUT)
        await self.book.end_session(visitor.session, entry)

    async def change_password(self, visitor: Visitor, current: str, new: str, again: str) -> None:
        """His own. All his other sessions end.

        Raises:
            SignInRefused: the current one is wrong.
            PasswordRefused: the new one is not good.
            TooManyAttempts: there were too many failures.
        """
        await self._proven(visitor.name, current, visitor.address)
        if fault := passwords.fault(new, visitor.name):
            raise PasswordRefused(fault)
        if new != again:
            raise PasswordRefused("password_differs")
        if new == current:
            raise PasswordRefused("password_same")
        entry = visitor.entry(self.clock(), AuditAction.PASSWORD_CHANGED, visitor.name)
        await self.book.set_password(visitor.name, await self._checker.hash(new), None, entry, keep=visitor.session)

    async def hash(self, password: str) -> str:
        return await self._checker.hash(password)

    async def _proven(self, name: str, password: str, address: str) -> Account:
        self._check_rate(name, address)
        self._throttle.tried(name, address, self.clock())
        found = await self.book.with_password(name)
        account, kept = found or (None, None)
        try:
            right = await self._checker.check(password, kept)
        except passwords.Busy:
            raise TooManyAttempts(5.0) from None
        if account is None or not right or account.disabled_at is not None:
            # A name that nobody has is not written down: it may be a password, typed in the wrong field.
            who = account.name if account else "?"
            await self.book.write(AuditEntry(self.clock(), who, address, AuditAction.SIGN_IN_FAILED, who))
            raise SignInRefused
        self._throttle.succeeded(name, address)
        return account

    def _check_rate(self, name: str, address: str) -> None:
        if wait := self._throttle.wait(name, address, self.clock()):
            raise TooManyAttempts(wait)

    async def _open(self, account: Account, address: str) -> str:
        token, now = passwords.token(), self.clock()
        await self.book.open_session(passwords.digest(token), account.name, now, address, old=now - ABSOLUTE)
        return token


def _over(session: Session, now: float) -> bool:
    if session.account.role is Role.WALLBOARD:
        return False
    return now - session.seen_at > IDLE or now - session.began_at > ABSOLUTE
