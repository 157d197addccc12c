"""Reports that are mailed by the clock: to whom, how often, through which server, and how far each mail has come."""

from enum import StrEnum

import msgspec

from acd.model.ids import LineId


class Cadence(StrEnum):
    DAILY = "daily"
    """Of the day before."""
    WEEKLY = "weekly"
    """On Monday, of the week before."""
    MONTHLY = "monthly"
    """On the first, of the month before."""


class Content(StrEnum):
    """What a mail tells."""

    FIGURES = "figures"
    """The main figures, the norms, and the figures by line and day."""
    SUBJECTS = "subjects"
    REPEATS = "repeats"
    SURVEY = "survey"


class Attach(StrEnum):
    """As which files the tables go along."""

    XLSX = "xlsx"
    CSV = "csv"
    HTML = "html"
    """The mail itself, to print on A4."""


class Security(StrEnum):
    """How the way to the mail server is closed to others."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """Open: for a server on this machine alone."""


class MailServer(msgspec.Struct, frozen=True):
    """The city's server that takes mail, as ``queues.yaml`` names it."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    """Empty = it asks for no password."""
    password_file: str | None = None
    """Beside ``queues.yaml``; either this or ``password_env``."""
    password_env: str | None = None


class Mailing(msgspec.Struct, frozen=True):
    """A report that is mailed, as ``queues.yaml`` names it."""

    name: str
    when: Cadence
    at: int
    """Seconds after midnight in Brussels."""
    to: tuple[str, ...]
    contents: tuple[Content, ...] = (Content.FIGURES,)
    lines: tuple[LineId, ...] = ()
    """Empty = all."""
    language: str = "nl"
    attach: tuple[Attach, ...] = (Attach.XLSX,)


class Mail(msgspec.Struct, frozen=True):
    """One mail of a mailing: the report of one period."""

    mailing: str
    period: str
    """The first day of it, 2027-03-01."""
    due_at: float
    attempts: int = 0
    next_at: float | None = None
    """None: sent, given up, or never to be sent."""
    sent_at: float | None = None
    dead_at: float | None = None
    """Given up, until somebody sends it again."""
    error: str | None = None
    """Of the last attempt; or which of the recipients were refused."""
