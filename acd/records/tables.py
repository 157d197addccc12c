"""The tables. Times are seconds since the epoch, UTC, on our clock; every ``..._at`` follows the event of that name.

Personal data: a number is in ``caller``, in ``callback.number`` of those who are to be called back, in
``contact.number`` and ``request.number`` beside what operators wrote, and nowhere else. The ledger's JSON and the log
of the promises leave it out, and reads put it back while it is still there; so numbers can be erased by the clock while
ledger and log stay as they were written. Names, notes and questions are in ``contact``, ``request`` and ``request_log``
alone, and have a term of their own. ``caller`` is therefore no part of the projection: a rebuild cannot bring a number
back, and does not take one away. Nor are the promises part of it: they are what is still to be done, and each step of
theirs is in the database before anybody is told of it. Nor is what operators write: no event holds it.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from acd.model.callback import OWED

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"},
)

_Number = BigInteger().with_variant(Integer, "sqlite")
"""64 bits. SQLite's own row number must be called INTEGER."""

event = Table(
    "event",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="1, 2, 3, ... given by the writer, no hole"),
    Column("at", Double, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("call", Text, index=True),
    Column("line", Text),
    Column("operator", Text),
    Column("data", Text, nullable=False, comment="the event as JSON, without the caller's number"),
)
"""The ledger. Triggers refuse UPDATE, DELETE and TRUNCATE."""

caller = Table(
    "caller",
    metadata,
    Column("call", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True, comment="what an erasure by the clock goes by"),
    Column("number", Text, nullable=False, comment="E.164 where the trunk gives it so"),
)

call = Table(
    "call",
    metadata,
    Column("call", Text, primary_key=True),
    Column("did", Text, comment="NULL: its start was not seen"),
    Column("language", Text),
    Column("path", Text, comment="menu nodes passed, joined by >"),
    Column("line", Text, comment="the last one that it joined"),
    Column("arrived_at", Double, nullable=False, index=True),
    Column("entered_at", Double, comment="joined that line"),
    Column("operator", Text, comment="the last one who spoke with the caller"),
    Column("answered_at", Double),
    Column("talk_ended_at", Double),
    Column("ended_at", Double, comment="the channel is gone; NULL: still open"),
    Column("last_offer", _Number),
    Column("offers", Integer, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("callback_heard_at", Double, comment="began to hear the offer to be called back, for the first time"),
    Column("callback_waited", Double, comment="seconds in the queue at that moment"),
    Column("callback", Text, comment="the promise that was given in this call"),
)
Index("ix_call_open", call.c.call, sqlite_where=call.c.ended_at.is_(None), postgresql_where=call.c.ended_at.is_(None))

outcome = Table(
    "outcome",
    metadata,
    Column("call", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("line", Text),
    Column("outcome", Text, nullable=False),
    Column("waited", Double, comment="seconds in the queue; NULL: never joined a line"),
    Column("seen", Boolean, nullable=False),
)
"""A table of its own, so that "exactly one outcome a call" is its primary key. Rows are only ever inserted; one
that was inferred may be corrected by Asterisk's own record."""

offer = Table(
    "offer",
    metadata,
    Column("offer", _Number, primary_key=True, autoincrement=False),
    Column("call", Text, nullable=False, index=True),
    Column("operator", Text, nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("rang_at", Double),
    Column("ended_at", Double),
    Column("how", Text, comment="answered, caller_left or an OfferFailure; NULL: under way"),
    Column("why", Text, comment="JSON of Why; NULL: found under way"),
)

operator_state = Table(
    "operator_state",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of the event that began it"),
    Column("operator", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("line", Text),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("by", Text, nullable=False),
)
Index(
    "ix_operator_state_now",
    operator_state.c.operator,
    unique=True,
    sqlite_where=operator_state.c.ended_at.is_(None),
    postgresql_where=operator_state.c.ended_at.is_(None),
)

operator_wish = Table(
    "operator_wish",
    metadata,
    Column("operator", Text, primary_key=True),
    Column("wish", Text, nullable=False),
    Column("reason", Text),
    Column("since", Double, nullable=False),
    Column("by", Text, nullable=False),
)
"""What each operator said last: it outlives a restart, his state does not."""

gap = Table(
    "gap",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("began_at", Double, comment="NULL: nothing was seen before"),
    Column("ended_at", Double),
    Column("reason", Text, nullable=False),
)
"""When nothing could be seen: figures over such a time are a lower bound."""

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True, comment="crisis, draining"),
    Column("value", Text),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False),
)

anomaly = Table(
    "anomaly",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of the event"),
    Column("at", Double, nullable=False),
    Column("call", Text),
    Column("what", Text, nullable=False),
)
"""Events that contradict earlier ones: kept in the ledger, without effect on the other tables."""

receipt = Table(
    "receipt",
    metadata,
    Column("source", Text, primary_key=True, comment="one run of the engine"),
    Column("position", _Number, nullable=False, comment="how many of its entries are in the ledger"),
)
"""Written with each batch: a batch whose commit got no answer is not stored twice."""

callback = Table(
    "callback",
    metadata,
    Column("callback", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("call", Text, nullable=False, index=True, comment="in which it was given, or moved last"),
    Column("number", Text, comment="E.164; NULL: erased"),
    Column("language", Text, nullable=False),
    Column("promised_at", Double, nullable=False, index=True),
    Column("start_at", Double, nullable=False, comment="he is to be called from here"),
    Column("end_at", Double, nullable=False, comment="to here"),
    Column("deadline", Double, nullable=False),
    Column("state", Text, nullable=False, comment="CallbackState"),
    Column("step", Integer, nullable=False, comment="number of its last change in callback_log"),
    Column("attempt", _Number, comment="the one under way"),
    Column("attempts", Integer, nullable=False, comment="those in which the citizen's phone was rung"),
    Column("result", Text, comment="AttemptResult of the last attempt"),
    Column("tried_at", Double, comment="end of the last attempt"),
    Column("why", Text, comment="reason of the state: handed over, settled or cancelled"),
    Column("owner", Text, comment="the person who dealt with it last"),
    Column("operator", Text, comment="he asked to call now; NULL: whoever has time calls"),
    Column("reached_at", Double),
    Column("closed_at", Double, index=True, comment="no longer owed"),
)
_owed = callback.c.state.in_([state.value for state in OWED])
Index("ix_callback_owed", callback.c.number, callback.c.line, unique=True, sqlite_where=_owed, postgresql_where=_owed)
Index("ix_callback_deadline", callback.c.deadline, sqlite_where=_owed, postgresql_where=_owed)

attempt = Table(
    "attempt",
    metadata,
    Column("attempt", _Number, primary_key=True, autoincrement=False),
    Column("callback", Text, nullable=False, index=True),
    Column("line", Text, nullable=False),
    Column("operator", Text, nullable=False, index=True),
    Column("source", Text, nullable=False, comment="the run of the engine whose attempt it is"),
    Column("stage", Text, nullable=False, comment="AttemptStage"),
    Column("claimed_at", Double, nullable=False),
    Column("dialled_at", Double, comment="the citizen's phone was rung"),
    Column("answered_at", Double),
    Column("ended_at", Double),
    Column("result", Text, comment="AttemptResult; NULL: under way"),
)
Index(
    "ix_attempt_open",
    attempt.c.attempt,
    sqlite_where=attempt.c.ended_at.is_(None),
    postgresql_where=attempt.c.ended_at.is_(None),
)

callback_log = Table(
    "callback_log",
    metadata,
    Column("callback", Text),
    Column("step", Integer, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False, comment="a user, an operator, caller or system"),
    Column("what", Text, nullable=False),
    Column("why", Text),
    Column("attempt", _Number),
    Column("old", Text, comment="JSON of what was different before; NULL: there was no promise"),
    Column("new", Text, comment="the same afterwards; NULL: withdrawn"),
    Column(
        "tried", Text, comment="JSON of the attempt as it was from then on; NULL: another step, or an older version"
    ),
    PrimaryKeyConstraint("callback", "step"),
)
"""Every change of every promise. Triggers refuse UPDATE, DELETE and TRUNCATE."""

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("operator", Text, comment="in queues.yaml; NULL: takes no calls"),
    Column("password", Text, comment="argon2; NULL: signs in otherwise"),
    Column("token", Text, comment="SHA-256 of a wallboard's link"),
    Column("must_change", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("disabled_at", Double),
    Column("signed_in_at", Double),
)
Index("ix_account_token", account.c.token, unique=True)

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True, comment="SHA-256 of what the browser holds"),
    Column("account", Text, nullable=False, index=True),
    Column("began_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("address", Text, nullable=False),
)
"""Whoever is signed in. A session that is ended is gone: the audit log tells that it was."""

audit = Table(
    "audit",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="1, 2, 3, ... no hole"),
    Column("at", Double, nullable=False, index=True),
    Column("who", Text, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("about", Text, nullable=False, index=True, comment="callback, call or account"),
    Column("detail", Text, nullable=False),
)
"""Every look at personal data and every change. Triggers refuse UPDATE, DELETE and TRUNCATE."""

# --- What supervisors do ---------------------------------------------------------------------------------------------

line_switched = Table(
    "line_switched",
    metadata,
    Column("line", Text, primary_key=True),
    Column("open", Boolean, comment="NULL: by its hours"),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False),
)
"""Lines that are, or were, open or closed whatever their hours said."""

operator_lines = Table(
    "operator_lines",
    metadata,
    Column("operator", Text, primary_key=True),
    Column("lines", Text, comment="ids, with a comma between them; NULL: those of the settings"),
    Column("until", Double, nullable=False),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False),
)
"""The lines that a supervisor gave an operator for now."""

spy = Table(
    "spy",
    metadata,
    Column("spy", _Number, primary_key=True, autoincrement=False),
    Column("operator", Text, nullable=False),
    Column("call", Text),
    Column("attempt", _Number),
    Column("device", Text, comment="the supervisor's phone; NULL: he never heard them"),
    Column("mode", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("started_at", Double, comment="NULL: he never heard them"),
    Column("ended_at", Double),
    Column("how", Text, comment="SpyEnd; NULL: he listens"),
)
"""Each time that a supervisor listened in."""
Index("ix_spy_open", spy.c.spy, sqlite_where=spy.c.ended_at.is_(None), postgresql_where=spy.c.ended_at.is_(None))

# --- The survey after a conversation ---------------------------------------------------------------------------------

survey = Table(
    "survey",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
    Column("call", Text, nullable=False, index=True),
    Column("line", Text, nullable=False),
    Column("operator", Text, comment="who spoke with the caller last; NULL: not known"),
    Column("at", Double, nullable=False, index=True),
    Column("sent", Boolean, nullable=False, comment="by the operator; false: of the sample"),
)

survey_answer = Table(
    "survey_answer",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of the answer"),
    Column("call", Text, nullable=False, index=True),
    Column("line", Text, nullable=False),
    Column("operator", Text, comment="who spoke with the caller last; NULL: not known"),
    Column("question", Text, nullable=False, comment="id in queues.yaml"),
    Column("score", Integer, nullable=False, comment="1 to 10"),
    Column("at", Double, nullable=False, index=True),
)

# --- Other programs of the city -------------------------------------------------------------------------------------

callback_news = Table(
    "callback_news",
    metadata,
    Column("callback", Text),
    Column("step", Integer, autoincrement=False, comment="of callback_log"),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False, comment="NewsKind"),
    Column("line", Text, nullable=False),
    Column("call", Text, nullable=False),
    Column("data", Text, nullable=False, comment="JSON"),
    PrimaryKeyConstraint("callback", "step"),
)
"""Written with the step itself, and gone once the deliveries of it are: no step is ever missed."""

hook = Table(
    "hook",
    metadata,
    Column("hook", Text, primary_key=True, comment="name in queues.yaml"),
    Column("seq", _Number, nullable=False, comment="ledger number up to which its deliveries are made"),
    Column("since", Double, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("hook", Text),
    Column("news", Text, comment="id of what happened; the same for all hooks"),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False, index=True),
    Column("data", Text, nullable=False, comment="JSON, without the citizen's number"),
    Column("call", Text),
    Column("callback", Text),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, comment="NULL: taken, or given up"),
    Column("delivered_at", Double),
    Column("dead_at", Double, comment="given up, until somebody sends it again"),
    Column("status", Integer, comment="of the last answer"),
    Column("error", Text, comment="of the last attempt"),
    PrimaryKeyConstraint("hook", "news"),
)
Index(
    "ix_delivery_next",
    delivery.c.hook,
    delivery.c.next_at,
    sqlite_where=delivery.c.next_at.is_not(None),
    postgresql_where=delivery.c.next_at.is_not(None),
)

api_key = Table(
    "api_key",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, comment="SHA-256 of the key"),
    Column("scopes", Text, nullable=False, comment="Scope, joined by blanks"),
    Column("created_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("used_at", Double, comment="to the minute"),
)
Index("ix_api_key_digest", api_key.c.digest, unique=True)

identity = Table(
    "identity",
    metadata,
    Column("issuer", Text),
    Column("subject", Text),
    Column("account", Text, nullable=False),
    Column("since", Double, nullable=False),
    PrimaryKeyConstraint("issuer", "subject"),
)
"""Who signs in at the city's own provider is this account. Nobody becomes one by having its name."""
Index("ix_identity_account", identity.c.account, unique=True)

mail = Table(
    "mail",
    metadata,
    Column("mailing", Text, comment="name in queues.yaml"),
    Column("period", Text, comment="its first day, 2027-03-01"),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, comment="NULL: sent, given up, or of before the mailing began"),
    Column("sent_at", Double),
    Column("dead_at", Double, comment="given up, until somebody sends it again"),
    Column("error", Text, comment="of the last attempt, or who was refused"),
    PrimaryKeyConstraint("mailing", "period"),
)
"""Reports that are mailed by the clock: each once a period."""

# --- The operator's desk ----------------------------------------------------------------------------------------------

contact = Table(
    "contact",
    metadata,
    Column("contact", Text, primary_key=True, comment="the call or attempt, ~ and the operator"),
    Column("operator", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("call", Text),
    Column("callback", Text, index=True, comment="the promise that was being kept"),
    Column("number", Text, index=True, comment="E.164; NULL: withheld, or erased"),
    Column("language", Text, nullable=False),
    Column("began_at", Double, nullable=False, index=True, comment="the operator picked up"),
    Column("ended_at", Double, comment="the conversation is over"),
    Column("name", Text, nullable=False, comment="the citizen's; empty: not given, or erased"),
    Column("note", Text, nullable=False, comment="empty: none, or erased"),
    Column("subjects", Text, nullable=False, comment="JSON list of ids"),
    Column("settled", Boolean, comment="NULL: not said"),
    Column("version", Integer, nullable=False, comment="rises with each draft that is kept"),
)
Index("ix_contact_operator", contact.c.operator, contact.c.began_at)
Index("ix_contact_call", *(contact.c[name] for name in ("call", "began_at", "contact", "settled")))
"""What operators write of their conversations. Not of the projection: no event holds it."""

transfer_note = Table(
    "transfer_note",
    metadata,
    Column("call", Text, primary_key=True),
    Column("by", Text, nullable=False, comment="operator who passed him on"),
    Column("to", Text, nullable=False, comment="line, internal number or E.164"),
    Column("how", Text, nullable=False, comment="How"),
    Column("note", Text, nullable=False, comment="empty: none"),
    Column("at", Double, nullable=False, index=True),
)
Index("ix_transfer_note_to", transfer_note.c.to, transfer_note.c.at)
"""The last note that went along with each caller."""

request = Table(
    "request",
    metadata,
    Column("request", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="RequestState"),
    Column("made_at", Double, nullable=False),
    Column("by", Text, nullable=False, comment="account"),
    Column("line", Text, nullable=False),
    Column("to", Text, nullable=False, comment="colleague or team who is to call"),
    Column("question", Text, nullable=False, comment="empty: erased"),
    Column("number", Text, nullable=False, comment="E.164; empty: erased"),
    Column("deadline", Double, nullable=False),
    Column("name", Text, nullable=False, comment="the citizen's"),
    Column("contact", Text, index=True, comment="in which it was made"),
    Column("owner", Text, nullable=False, comment="account that has taken it; empty: nobody"),
    Column("closed_at", Double, index=True),
)
Index("ix_request_state", request.c.state, request.c.deadline)

request_log = Table(
    "request_log",
    metadata,
    Column("request", Text),
    Column("step", Integer, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False),
    Column("what", Text, nullable=False, comment="made or RequestAct"),
    Column("to", Text, nullable=False),
    Column("note", Text, nullable=False, comment="empty: none, or erased"),
    PrimaryKeyConstraint("request", "step"),
)

# --- Figures ---------------------------------------------------------------------------------------------------------

call.append_column(Column("transferred_at", Double, comment="an operator passed the caller on, for the first time"))
call.append_column(Column("repaired_at", Double, comment="Asterisk's own record told of it what was not seen"))
call.append_column(Column("outcome", Text, comment="as in the table of that name, and so are the next three"))
call.append_column(Column("outcome_at", Double))
call.append_column(Column("outcome_line", Text))
call.append_column(Column("waited", Double))
call.append_column(Column("counted_line", Text, comment="line of the outcome; without one the line joined last"))
call.append_column(Column("day", Integer, comment="days from 1970-01-01 to that of its arrival, in Brussels"))
call.append_column(Column("answered_by", Text, index=True, comment="the first operator who spoke with the caller"))
call.append_column(Column("first_answered_at", Double, comment="and when"))
COUNTED: Final = (
    *("day", "counted_line", "outcome", "waited", "arrived_at", "call", "entered_at", "answered_at", "outcome_at"),
    *("transferred_at", "callback", "callback_heard_at", "callback_waited"),
)
"""All that figures of calls ask: they are read from this index alone, in its order."""
Index("ix_call_counted", *(call.c[name] for name in COUNTED))
_repaired = call.c.repaired_at.is_not(None)
Index("ix_call_repaired", call.c.arrived_at, call.c.ended_at, sqlite_where=_repaired, postgresql_where=_repaired)
"""By arrival: SQLite takes it for those in a gap without statistics, which nobody makes for it."""
event.append_column(Column("switch_at", Double, comment="the same moment on Asterisk's clock; NULL: no link then"))
operator_state.append_column(Column("talk", _Number, comment="the talk that he wraps up"))
operator_state.append_column(
    Column("day", Integer, comment="days from 1970-01-01 to that in which it lies, in Brussels; NULL: not in one alone")
)
operator_state.append_column(
    Column(
        "half_hour",
        Integer,
        comment="half-hours from 1970-01-01 UTC to that in which it lies; NULL: not in one alone",
    )
)
_of_one_day = operator_state.c.day.is_not(None)
_of_several = operator_state.c.day.is_(None)
Index("ix_operator_state_began_at", operator_state.c.began_at)
# The sums of whole days are read from this index alone, in its order.
Index(
    "ix_operator_state_day",
    *(operator_state.c[name] for name in ("day", "operator", "state", "reason", "began_at", "ended_at")),
    sqlite_where=_of_one_day,
    postgresql_where=_of_one_day,
)
Index(
    "ix_operator_state_half_hour",
    *(operator_state.c[name] for name in ("half_hour", "day", "state", "operator", "reason", "began_at", "ended_at")),
)
Index(
    "ix_operator_state_days",
    *(operator_state.c.began_at, operator_state.c.ended_at),
    sqlite_where=_of_several,
    postgresql_where=_of_several,
)

wait = Table(
    "wait",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of joining the line"),
    Column("call", Text, nullable=False, index=True),
    Column("line", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double, comment="NULL: waits still"),
    Column("how", Text, comment="answered, moved, gone or an Outcome"),
)

talk = Table(
    "talk",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
    Column("call", Text, index=True, comment="NULL: a call back"),
    Column("callback", Text),
    Column("attempt", _Number, index=True),
    Column("line", Text, nullable=False),
    Column("operator", Text, comment="NULL: a phone that we do not know"),
    Column("began_at", Double, nullable=False, index=True),
    Column("ended_at", Double, comment="NULL: they speak still"),
    Column("held", Double, nullable=False, comment="seconds of it on hold"),
    Column("held_at", Double, comment="on hold since, or was when it ended"),
    Column("wrap_up_at", Double),
    Column("wrapped_up_at", Double),
    Column("fallback", Boolean, nullable=False),
    Column("day", Integer, comment="days from 1970-01-01 to that of its begin, in Brussels"),
    Column("told_later", Boolean, comment="known from Asterisk's own record alone"),
)
"""Every time an operator and a citizen speak: a call that is passed on has several, and a call back has one, too."""
Index("ix_talk_operator", talk.c.operator, talk.c.told_later, talk.c.seq)
Index(
    "ix_talk_day",
    *(talk.c[name] for name in ("day", "line", "operator", "began_at", "ended_at", "held")),
    *(talk.c.wrap_up_at, talk.c.wrapped_up_at),
)

hold = Table(
    "hold",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
    Column("talk", _Number, nullable=False, index=True, comment="seq of the talk that it is part of"),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double, comment="NULL: on hold still"),
)

overflow = Table(
    "overflow",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
    Column("call", Text, nullable=False, index=True),
    Column("line", Text, nullable=False),
    Column("because", Text, nullable=False, comment="full, unstaffed or waited"),
    Column("began_at", Double, nullable=False, comment="sent to the partner"),
    Column("answered_at", Double, comment="the partner answered"),
    Column("ended_at", Double, comment="NULL: there still"),
    Column("how", Text, comment="answered, returned (to his old place) or gone"),
)
"""The leg at the partner contact centre: a caller whom it does not answer comes back, and may be sent there again."""

citizen = Table(
    "citizen",
    metadata,
    Column("call", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True, comment="what an erasure by the clock goes by"),
    Column("citizen", Text, nullable=False, comment="keyed hash of the number: the same citizen, nameless"),
    Column("line", Text, comment="counted_line of the call, empty where it has none; NULL: not yet known"),
    Column("arrived_at", Double, comment="of the call"),
    Column("day", Integer, comment="of the call"),
    Column("outcome", Text, comment="of the call"),
)
"""Who called again. Like ``caller`` no part of the projection; outlives the number, and is erased on its own term.
Line, arrival, day and outcome are copies of the call's, which the projection keeps up: they are made anew with it."""
Index("ix_citizen_again", *(citizen.c[name] for name in ("citizen", "line", "arrived_at", "call", "outcome")))
Index("ix_citizen_day", *(citizen.c[name] for name in ("day", "citizen", "outcome", "arrived_at", "call", "line")))
PLACE: Final = ("line", "arrived_at", "day", "outcome")
"""Those copies."""

line_setting = Table(
    "line_setting",
    metadata,
    Column("line", Text, primary_key=True),
    Column("place", Integer, nullable=False, comment="order in queues.yaml"),
    Column("name_nl", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_fr", Text, nullable=False),
    Column("short_abandon", Double, nullable=False, comment="seconds"),
    Column("target_wait", Double, nullable=False, comment="seconds"),
    Column("target_share", Double, nullable=False, comment="0 to 1"),
    Column("target_reachability", Double, nullable=False, comment="0 to 1"),
    Column("offer_after", Double, comment="seconds of waiting at which a call back is offered; NULL: never"),
)
"""The lines as queues.yaml has them now, for the views: today's settings hold for the past, too."""

clock_change = Table(
    "clock_change",
    metadata,
    Column("from_at", Double, primary_key=True),
    Column(
        "ahead", Integer, nullable=False, comment="seconds that the clock of Brussels is ahead of UTC from there on"
    ),
)
"""For the views on SQLite, which knows no time zones."""

version = Table(
    "version",
    metadata,
    Column("name", Text, primary_key=True, comment="projection, views"),
    Column("value", Text, nullable=False),
)
"""By which rules the projection and the views were made: with others they are made anew."""

# --- Recordings ------------------------------------------------------------------------------------------------------

recording = Table(
    "recording",
    metadata,
    Column("recording", Text, primary_key=True, comment="name of its file, without the ending"),
    Column("call", Text, index=True, comment="NULL: a call back"),
    Column("attempt", _Number, index=True),
    Column("line", Text, nullable=False),
    Column("operator", Text),
    Column("began_at", Double, nullable=False, index=True),
    Column("ended_at", Double, comment="NULL: it is being made"),
)

recording_gone = Table(
    "recording_gone",
    metadata,
    Column("recording", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("why", Text, nullable=False, comment="expired or erased"),
)
"""Recordings whose files we have deleted. Not of the projection: no event tells it."""

PROJECTION: tuple[Table, ...] = (
    *(call, outcome, offer, wait, talk, hold, overflow, operator_state, operator_wish, gap, setting, anomaly),
    *(line_switched, operator_lines, spy, survey, survey_answer, recording),
)
