"""The first tables, and the triggers that keep the ledger append-only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("ended_at IS NULL")
_REFUSAL = "the ledger is append-only"


def upgrade() -> None:
    _ledger()
    _calls()
    _operators()
    _rest()
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    for table in (
        "anomaly",
        "setting",
        "gap",
        "operator_wish",
        "operator_state",
        "offer",
        "outcome",
        "call",
        "receipt",
        "caller",
        "event",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_is_append_only()")


def _ledger() -> None:
    op.create_table(
        "event",
        Column("seq", _NUMBER, autoincrement=False, comment="1, 2, 3, ... given by the writer, no hole"),
        Column("at", Double, nullable=False),
        Column("type", Text, nullable=False),
        Column("call", Text),
        Column("line", Text),
        Column("operator", Text),
        Column("data", Text, nullable=False, comment="the event as JSON, without the caller's number"),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
    )
    op.create_index("ix_event_at", "event", ["at"])
    op.create_index("ix_event_call", "event", ["call"])
    op.create_table(
        "caller",
        Column("call", Text, nullable=False),
        Column("at", Double, nullable=False, comment="what an erasure by the clock goes by"),
        Column("number", Text, nullable=False, comment="E.164 where the trunk gives it so"),
        sa.PrimaryKeyConstraint("call", name="pk_caller"),
    )
    op.create_index("ix_caller_at", "caller", ["at"])
    op.create_table(
        "receipt",
        Column("source", Text, nullable=False, comment="one run of the engine"),
        Column("position", _NUMBER, nullable=False, comment="how many of its entries are in the ledger"),
        sa.PrimaryKeyConstraint("source", name="pk_receipt"),
    )


def _calls() -> None:
    op.create_table(
        "call",
        Column("call", Text, nullable=False),
        Column("did", Text, comment="NULL: its start was not seen"),
        Column("language", Text),
        Column("path", Text, comment="menu nodes passed, joined by >"),
        Column("line", Text, comment="the last one that it joined"),
        Column("arrived_at", Double, nullable=False),
        Column("entered_at", Double, comment="joined that line"),
        Column("operator", Text, comment="the last one who spoke with the caller"),
        Column("answered_at", Double),
        Column("talk_ended_at", Double),
        Column("ended_at", Double, comment="the channel is gone; NULL: still open"),
        Column("last_offer", _NUMBER),
        Column("offers", sa.Integer, nullable=False),
        Column("fallback", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_call"),
    )
    op.create_index("ix_call_arrived_at", "call", ["arrived_at"])
    op.create_index("ix_call_operator", "call", ["operator"])
    op.create_index("ix_call_open", "call", ["call"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "outcome",
        Column("call", Text, nullable=False),
        Column("at", Double, nullable=False),
        Column("line", Text),
        Column("outcome", Text, nullable=False),
        Column("waited", Double, comment="seconds in the queue; NULL: never joined a line"),
        Column("seen", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_outcome"),
    )
    op.create_table(
        "offer",
        Column("offer", _NUMBER, autoincrement=False),
        Column("call", Text, nullable=False),
        Column("operator", Text, nullable=False),
        Column("at", Double, nullable=False),
        Column("rang_at", Double),
        Column("ended_at", Double),
        Column("how", Text, comment="answered, caller_left or an OfferFailure; NULL: under way"),
        Column("why", Text, comment="JSON of Why; NULL: found under way"),
        sa.PrimaryKeyConstraint("offer", name="pk_offer"),
    )
    op.create_index("ix_offer_call", "offer", ["call"])
    op.create_index("ix_offer_operator", "offer", ["operator"])


def _operators() -> None:
    op.create_table(
        "operator_state",
        Column("seq", _NUMBER, autoincrement=False, comment="ledger number of the event that began it"),
        Column("operator", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("line", Text),
        Column("began_at", Double, nullable=False),
        Column("ended_at", Double),
        Column("by", Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_operator_state"),
    )
    op.create_index(
        "ix_operator_state_now",
        "operator_state",
        ["operator"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "operator_wish",
        Column("operator", Text, nullable=False),
        Column("wish", Text, nullable=False),
        Column("reason", Text),
        Column("since", Double, nullable=False),
        Column("by", Text, nullable=False),
        sa.PrimaryKeyConstraint("operator", name="pk_operator_wish"),
    )


def _rest() -> None:
    op.create_table(
        "gap",
        Column("seq", _NUMBER, autoincrement=False),
        Column("began_at", Double, comment="NULL: nothing was seen before"),
        Column("ended_at", Double),
        Column("reason", Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_gap"),
    )
    op.create_table(
        "setting",
        Column("name", Text, nullable=False, comment="crisis, draining"),
        Column("value", Text),
        Column("at", Double, nullable=False),
        Column("by", Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "anomaly",
        Column("seq", _NUMBER, autoincrement=False, comment="ledger number of the event"),
        Column("at", Double, nullable=False),
        Column("call", Text),
        Column("what", Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_anomaly"),
    )


def _protect_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only()"
    )
