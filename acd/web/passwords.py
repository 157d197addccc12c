"""Passwords: made, judged, hashed with argon2 and checked. Their owner types them, we keep only the digest."""

import asyncio
import hashlib
import secrets
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

SHORTEST: Final = 12
LONGEST: Final = 200
"""Characters. Longer ones only keep our processor busy."""

_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that one reads as another: a one-time password is copied from a terminal or a note."""

_hasher: Final = PasswordHash((Argon2Hasher(),))


class Busy(Exception):
    """Too many passwords are being checked."""


def one_time() -> str:
    """A password for one use, with 80 bits of chance."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[n : n + 4] for n in range(0, 16, 4))


def token() -> str:
    """What a browser or a link carries, with 256 bits of chance."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What we keep of a token: whoever reads the database cannot walk in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def fault(password: str, name: str) -> str | None:
    """Key of the text that says why this is no good password for ``name``; None = it is good."""
    if len(password) < SHORTEST:
        return "password_short"
    if len(password) > LONGEST:
        return "password_long"
    if name.lower() in password.lower() or len(set(password)) < 6:
        return "password_simple"
    return None


def hash_now(password: str) -> str:
    """The digest, with a salt; takes about 0.1 s of processor, so not in the event loop."""
    return _hasher.hash(password)


class Checker:
    """Hashes and checks in a thread, one at a time: the calls share this processor. Beyond ``most`` who wait, the next
    one is turned away."""

    def __init__(self, most: int = 8) -> None:
        self._one = asyncio.Semaphore(1)
        self._most = most
        self._inside = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The digest to keep.

        Raises:
            Busy: too many wait.
        """
        return await self._in_turn(password, None)

    async def check(self, password: str, kept: str | None) -> bool:
        """Whether this is the password of which ``kept`` is the digest. Without a digest it is not, and finding that
        out takes as long: nobody can tell by the clock which accounts there are.

        Raises:
            Busy: too many wait.
        """
        if kept is None:
            if self._nobody is None:
                self._nobody = await self.hash(token())
            await self._in_turn(password, self._nobody)
            return False
        return bool(await self._in_turn(password, kept))

    async def _in_turn(self, password: str, kept: str | None) -> str:
        if self._inside >= self._most:
            raise Busy
        self._inside += 1
        try:
            async with self._one:
                return await asyncio.to_thread(_work, password[: LONGEST + 1], kept)
        finally:
            self._inside -= 1


def _work(password: str, kept: str | None) -> str:
    """The digest; of a check, something or nothing."""
    if kept is None:
        return _hasher.hash(password)
    return "yes" if _hasher.verify(password, kept) else ""
