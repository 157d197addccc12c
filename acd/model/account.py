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


class Scope(StrEnum):
    """What a key of a program opens. Each opens what is written here and nothing else."""

    FIGURES = "figures"
    """Figures without persons."""
    REPORTS = "reports"
    """The reports: also by operator, and the calls behind them without numbers. Each look is written down."""
    CALLBACKS = "callbacks"
    """The promises to call back, to read, with masked numbers."""
    NUMBERS = "numbers"
    """Beside ``callbacks``: one promise with the citizen's whole number. Each look is written down."""


class ApiKey(msgspec.Struct, frozen=True):
    """What a program shows instead of an account: ``Authorization: Bearer acd_...``. Times are seconds since the
    epoch."""

    name: str
    scopes: frozenset[Scope]
    created_at: float
    created_by: str
    expires_at: float | None = None
    revoked_at: float | None = None
    used_at: float | None = None
    """To the minute."""

    def opens(self, at: float) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class Identity(msgspec.Struct, frozen=True):
    """Somebody who has proven at the city's own provider who he is."""

    issuer: str
    subject: str
    name: str
    role: Role
    operator: OperatorId | None
    sets_operator: bool
    """The provider says who he is in ``queues.yaml``, also that he is nobody there."""


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
    OPERATORS_SEEN = "operators_seen"
    """The wallboard with what each operator does."""
    CALLS_SEEN = "calls_seen"
    """A list of calls: numbers masked."""
    CALL_SEEN = "call_seen"
    """The story of one call, number masked."""
    CALL_NUMBER_SEEN = "call_number_seen"
    """The story of one call with the citizen's whole number."""
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
    FLOOR_SEEN = "floor_seen"
    """Who waits, numbers masked, and what each operator does."""
    OPERATOR_SET = "operator_set"
    OPERATOR_LINES = "operator_lines"
    CALL_MOVED = "call_moved"
    LINE_SWITCHED = "line_switched"
    CRISIS_SWITCHED = "crisis_switched"
    SPY_ASKED = "spy_asked"
    """Somebody wants to listen in: his phone is about to ring."""
    SPY_STARTED = "spy_started"
    SPY_STOPPED = "spy_stopped"
    """Somebody ended a listening in from the page."""
    SPY_ENDED = "spy_ended"
    # Other programs of the city.
    KEY_ADDED = "key_added"
    KEY_REVOKED = "key_revoked"
    HOOK_TESTED = "hook_tested"
    HOOK_REDELIVERED = "hook_redelivered"
    IDENTITY_LINKED = "identity_linked"
    """Somebody of the city's own provider signed in for the first time, and has this account from now on."""
    # The operator's desk.
    CALL_SHOWN = "call_shown"
    """The call in hand, with the citizen's number and his earlier contacts."""
    CONTACT_WRITTEN = "contact_written"
    """Note, name, subjects or settled: once for what is typed during and just after the call, then each time."""
    DESK_STATE = "desk_state"
    """Somebody logged in or out of work, or changed what he is ready for, on his page."""
    REQUESTS_SEEN = "requests_seen"
    """The list of requests for colleagues: numbers masked."""
    REQUEST_SEEN = "request_seen"
    """One request, with question, name and, for who may see it, the number."""
    REQUEST_MADE = "request_made"
    REQUEST_TAKEN = "request_taken"
    REQUEST_HANDED_OVER = "request_handed_over"
    REQUEST_DONE = "request_done"
    REQUEST_CANCELLED = "request_cancelled"
    PHONE_OPENED = "phone_opened"
    """A page got what it needs to register as an operator's phone."""
    CALL_HUNG_UP = "call_hung_up"
    CALL_SENT_ON = "call_sent_on"
    RECORDING_PAUSED = "recording_paused"
    """An operator wanted silence in the recording of this call, or of the call that keeps this promise."""
    RECORDING_RESUMED = "recording_resumed"
    # A citizen's own data. ``about`` is a keyed hash of his number, which tells that it was he and not who he is.
    CITIZEN_SEEN = "citizen_seen"
    """How much is kept about him."""
    CITIZEN_EXPORTED = "citizen_exported"
    CITIZEN_ERASED = "citizen_erased"
    RECORDING_HEARD = "recording_heard"
    """A recorded conversation, and why."""


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
