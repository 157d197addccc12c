"""The way in: the secret that signs the browsers' cookies, and the first account."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from acd.model.account import Role
from acd.records import AccountStore
from acd.web.access import is_loopback
from acd.web.passwords import hash_now, one_time

FIRST: Final = "admin"
"""Name of the first account."""


def cookie_secret(state: Path) -> str:
    """What signs the browsers' cookies; as :func:`kept_secret`."""
    return kept_secret(state / "web.secret")


def citizen_key(state: Path) -> bytes:
    """What turns a citizen's number into the hash that stands for him; as :func:`kept_secret`. Whoever has it can find
    out whose hash it is, and whoever loses it will not know again who has called before."""
    return kept_secret(state / "citizen.secret").encode()[:64]


def kept_secret(path: Path) -> str:
    """The secret in that file, made when there is none; its owner alone may read it.

    Raises:
        OSError: it cannot be read or made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        os.chmod(path, 0o600)
        if secret := path.read_text("ascii").strip():
            return secret
        handle = os.open(path, os.O_WRONLY)
    secret = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{secret}\n")
    return secret


async def first_admin(accounts: AccountStore, at: float) -> str | None:
    """The one-time password of the first account, if it had to be made. It is nowhere else."""
    if any(account.role is Role.ADMIN for account in await accounts.accounts()):
        return None
    password = one_time()
    made = await accounts.add_first(FIRST, await asyncio.to_thread(hash_now, password), at)
    return password if made else None


def over_tls(names: Sequence[str]) -> bool:
    """Whether browsers reach us over TLS: always, but for a service that answers to this machine's own names alone."""
    return not all(name == "localhost" or is_loopback(name) for name in names)
