"""Where Asterisk is and how patient the link is with it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class AmiSettings:
    """One AMI account. All durations are seconds."""

    server: str = ""
    """Its ``systemname``, when it is one of several; it must say so itself."""
    host: str = "127.0.0.1"
    port: int = 5038
    user: str = "acd"
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """How Asterisk has to show that it is ``host`` before it hears the password; None = clear text."""
    classes: str = "system,call,user"
    """Event classes wanted; the account's own ``read=`` and ``eventfilter=`` narrow them further."""

    connect_timeout: float = 5.0
    boot_timeout: float = 120.0
    """From login to ``FullyBooted``."""
    action_timeout: float = 5.0
    """An action without an answer: what became of it is unknown, so the session is dropped and the switch read anew."""
    list_timeout: float = 15.0
    ping_every: float = 2.0
    silence: float = 6.0
    """Not one byte in this time: the connection is half open."""
    stale_after: float = 2.0
    """Events older than this on arrival show that we (or the network) stood still: they are not acted upon."""
    audit_every: float = 60.0

    retry_first: float = 0.1
    retry_most: float = 5.0
    """Between two attempts the wait doubles from the first to the most, less up to half of it at random."""
    retry_in_use: float = 1.0
    """The account is logged in elsewhere: another engine leads, or its dead session has not been noticed yet."""
    retry_refused: float = 30.0
    """Wrong user or secret: slowly, so that no fail2ban bars us before somebody has mended it."""

    record: Path | None = None
    """Folder for raw recordings of the sessions; None = none. They hold callers' numbers: keep them as such."""
    record_bytes: int = 64 * 1024 * 1024
    """Size of one recording at which the next begins."""
    record_files: int = 8
    """Recordings kept; the oldest goes first."""
