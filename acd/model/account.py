"""Who may come in, and what is written down about it: words that the pages and the records share."""

from enum import StrEnum
from typing import Final

import msgspec

from acd.model.ids import OperatorId
from acd.model.mendable import Mendable


class Role(StrEnum):
    WALLBOARD = "wallboard"
    """A screen on the wall: figures without persons, and nothing else. It has a link instead of a password."""
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    """Keeps the accounts. Sees no citizen's number: that is no part of his work."""


SEES_NUMBERS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR})
"""Who speaks with citizens, or answers for those who do. All others see the last digits."""


class AccountError(Mendable):
    """{what cannot be done to an account, and why}."""


class Account(msgspec.Struct, frozen=True):
    name: str
    role: Role
    created_at: float
    """Seconds since the epoch, as all moments here."""
    operator: OperatorId | None = None
    """Who this is in ``queues.yaml``; None = nobody who takes calls."""
    must_change: bool = False
    """The password was given out by somebody else: it opens nothing but the page that changes it."""
    disabled_at: float | None = None
    signed_in_at: float | None = None
    """The last time."""


class Session(msgspec.Struct, frozen=True):
    """One browser in which somebody has signed in."""

    account: Account
    began_at: float
    seen_at: float
    """Last time that a person asked for something; a page that refreshes itself does not count."""


class AuditAction(StrEnum):
    """What is written down. The values are in the database: a new one may come, none may change."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word, not a password
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_PASSWORD = "account_password"  # noqa: S105
    """Somebody else's password, or a screen's link, was made anew."""
    ACCOUNT_ROLE = "account_role"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    AUDIT_SEEN = "audit_seen"
    CALLBACKS_SEEN = "callbacks_seen"
    """The worklist: numbers masked."""
    CALLBACK_SEEN = "callback_seen"
    """One callback, number masked."""
    NUMBER_SEEN = "number_seen"
    """One callback with the citizen's whole number."""
    CALLBACK_CALL_NOW = "callback_call_now"
    CALLBACK_MOVED = "callback_moved"
    CALLBACK_NO_ANSWER = "callback_no_answer"
    CALLBACK_WRONG_NUMBER = "callback_wrong_number"
    CALLBACK_DONE = "callback_done"
    CALLBACK_CANCELLED = "callback_cancelled"
    REPORT_OPERATORS_SEEN = "report_operators_seen"
    """Figures that tell operators apart."""
    REPORT_CALLS_SEEN = "report_calls_seen"
    """The calls behind a figure, without numbers."""
    RECORDS_EXPORTED = "records_exported"
    """The rows of a view, without numbers."""
    CALLBACK_HANDED_OVER = "callback_handed_over"


class AuditEntry(msgspec.Struct, frozen=True):
    """One line of the audit log. It never holds a citizen's number."""

    at: float
    who: str
    """Account, or ``cli:`` and the name of the user at the terminal."""
    address: str
    """Where from; empty = this machine's terminal."""
    action: AuditAction
    about: str = ""
    """The callback, call or account."""
    detail: str = ""
