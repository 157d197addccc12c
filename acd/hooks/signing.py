"""Signatures as the open specification Standard Webhooks has them, so that receivers find a library in their language.

The request carries ``webhook-id`` (the same in every repetition), ``webhook-timestamp`` (of this attempt, seconds) and
``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``. Who checks the signature and
that the timestamp is of the last five minutes cannot be fooled by a request that was overheard.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from acd.model.mendable import Mendable

PREFIX: Final = "whsec_"
SHORTEST: Final = 24
"""Bytes of a secret."""


class BadSecret(Mendable):
    """The secret of webhook {name} cannot be used: {why}."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the secret of webhook {name} cannot be used: {why}")


def new_secret() -> str:
    """A secret, as both sides write it down: ``whsec_`` and base64 of 32 bytes of chance."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def read_secret(name: str, text: str) -> bytes:
    """The key in a secret as it is written down.

    Raises:
        BadSecret: it is none. The text says nothing of what is there instead.
    """
    try:
        key = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(name, "it is not whsec_ and base64; 'acd webhooks secret' makes one") from None
    if len(key) < SHORTEST:
        raise BadSecret(name, f"it is shorter than {SHORTEST} bytes; 'acd webhooks secret' makes one")
    return key


def signed(key: bytes, id: str, at: float, body: bytes) -> dict[str, str]:
    """The headers of one attempt. ``at``: seconds since the epoch."""
    stamp = str(int(at))
    digest = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
