"""Promises to call back, the attempts to keep them, and the log of their changes, append-only like the ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("ended_at IS NULL")
_OWED = sa.text("state IN ('open', 'claimed', 'handed_over')")
_REFUSAL = "the log of the promises is append-only"


def upgrade() -> None:
    _calls()
    _promises()
    _attempts()
    _log()
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    for table in ("callback_log", "attempt", "callback"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION callback_log_is_append_only()")
    for column in ("callback", "callback_waited", "callback_heard_at"):
        op.drop_column("call", column)


def _calls() -> None:
    for column in (
        Column("callback_heard_at", Double, comment="began to hear the offer to be called back, for the first time"),
        Column("callback_waited", Double, comment="seconds in the queue at that moment"),
        Column("callback", Text, comment="the promise that was given in this call"),
    ):
        op.add_column("call", column)


def _promises() -> None:
    op.create_table(
        "callback",
        Column("callback", Text, nullable=False),
        Column("line", Text, nullable=False),
        Column("call", Text, nullable=False, comment="in which it was given, or moved last"),
        Column("number", Text, comment="E.164; NULL: erased"),
        Column("language", Text, nullable=False),
        Column("promised_at", Double, nullable=False),
        Column("start_at", Double, nullable=False, comment="he is to be called from here"),
        Column("end_at", Double, nullable=False, comment="to here"),
        Column("deadline", Double, nullable=False),
        Column("state", Text, nullable=False, comment="CallbackState"),
        Column("step", Integer, nullable=False, comment="number of its last change in callback_log"),
        Column("attempt", _NUMBER, comment="the one under way"),
        Column("attempts", Integer, nullable=False, comment="those in which the citizen's phone was rung"),
        Column("result", Text, comment="AttemptResult of the last attempt"),
        Column("tried_at", Double, comment="end of the last attempt"),
        Column("why", Text, comment="reason of the state: handed over, settled or cancelled"),
        Column("owner", Text, comment="the person who dealt with it last"),
        Column("reached_at", Double),
        Column("closed_at", Double, comment="no longer owed"),
        sa.PrimaryKeyConstraint("callback", name="pk_callback"),
    )
    op.create_index("ix_callback_call", "callback", ["call"])
    op.create_index("ix_callback_promised_at", "callback", ["promised_at"])
    op.create_index(
        "ix_callback_owed",
        "callback",
        ["number", "line"],
        unique=True,
        sqlite_where=_OWED,
        postgresql_where=_OWED,
    )
    op.create_index("ix_callback_deadline", "callback", ["deadline"], sqlite_where=_OWED, postgresql_where=_OWED)


def _attempts() -> None:
    op.create_table(
        "attempt",
        Column("attempt", _NUMBER, autoincrement=False, nullable=False),
        Column("callback", Text, nullable=False),
        Column("line", Text, nullable=False),
        Column("operator", Text, nullable=False),
        Column("source", Text, nullable=False, comment="the run of the engine whose attempt it is"),
        Column("stage", Text, nullable=False, comment="AttemptStage"),
        Column("claimed_at", Double, nullable=False),
        Column("dialled_at", Double, comment="the citizen's phone was rung"),
        Column("answered_at", Double),
        Column("ended_at", Double),
        Column("result", Text, comment="AttemptResult; NULL: under way"),
        sa.PrimaryKeyConstraint("attempt", name="pk_attempt"),
    )
    op.create_index("ix_attempt_callback", "attempt", ["callback"])
    op.create_index("ix_attempt_operator", "attempt", ["operator"])
    op.create_index("ix_attempt_open", "attempt", ["attempt"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def _log() -> None:
    op.create_table(
        "callback_log",
        Column("callback", Text, nullable=False),
        Column("step", Integer, autoincrement=False, nullable=False),
        Column("at", Double, nullable=False),
        Column("by", Text, nullable=False, comment="a user, an operator, caller or system"),
        Column("what", Text, nullable=False),
        Column("why", Text),
        Column("attempt", _NUMBER),
        Column("old", Text, comment="JSON of what was different before; NULL: there was no promise"),
        Column("new", Text, comment="the same afterwards; NULL: withdrawn"),
        sa.PrimaryKeyConstraint("callback", "step", name="pk_callback_log"),
    )


def _protect_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER callback_log_no_{verb.lower()} BEFORE {verb} ON callback_log "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION callback_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER callback_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON callback_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION callback_log_is_append_only()"
    )
