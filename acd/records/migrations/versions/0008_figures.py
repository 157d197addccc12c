"""Asterisk's clock in the ledger, waits and talks, nameless citizens, and what the views for reports need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    comment = "the same moment on Asterisk's clock; NULL: no link then"
    op.add_column("event", Column("switch_at", Double, comment=comment))
    op.add_column("operator_state", Column("talk", _NUMBER, comment="the talk that he wraps up"))
    op.create_index("ix_operator_state_began_at", "operator_state", ["began_at"])
    long = sa.text("(ended_at IS NULL OR ended_at - began_at > 172800)")
    op.create_index("ix_operator_state_long", "operator_state", ["began_at"], sqlite_where=long, postgresql_where=long)
    _waits_and_talks()
    _citizens()
    _reference()


def downgrade() -> None:
    for table in ("version", "clock_change", "line_setting", "citizen", "talk", "wait"):
        op.drop_table(table)
    for index in ("ix_operator_state_long", "ix_operator_state_began_at"):
        op.drop_index(index, "operator_state")
    op.drop_column("operator_state", "talk")
    op.drop_column("event", "switch_at")


def _waits_and_talks() -> None:
    op.create_table(
        "wait",
        Column("seq", _NUMBER, autoincrement=False, comment="ledger number of joining the line"),
        Column("call", Text, nullable=False),
        Column("line", Text, nullable=False),
        Column("began_at", Double, nullable=False),
        Column("ended_at", Double, comment="NULL: waits still"),
        Column("how", Text, comment="answered, moved, gone or an Outcome"),
        sa.PrimaryKeyConstraint("seq", name="pk_wait"),
    )
    op.create_index("ix_wait_call", "wait", ["call"])
    op.create_table(
        "talk",
        Column("seq", _NUMBER, autoincrement=False, comment="ledger number of its begin"),
        Column("call", Text, comment="NULL: a call back"),
        Column("callback", Text),
        Column("attempt", _NUMBER),
        Column("line", Text, nullable=False),
        Column("operator", Text, comment="NULL: a phone that we do not know"),
        Column("began_at", Double, nullable=False),
        Column("ended_at", Double, comment="NULL: they speak still"),
        Column("held", Double, nullable=False, comment="seconds of it on hold"),
        Column("held_at", Double, comment="on hold since, or was when it ended"),
        Column("wrap_up_at", Double),
        Column("wrapped_up_at", Double),
        Column("fallback", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_talk"),
    )
    op.create_index("ix_talk_call", "talk", ["call"])
    op.create_index("ix_talk_attempt", "talk", ["attempt"])
    op.create_index("ix_talk_began_at", "talk", ["began_at"])
    op.create_index("ix_talk_operator", "talk", ["operator", "seq"])


def _citizens() -> None:
    op.create_table(
        "citizen",
        Column("call", Text, nullable=False),
        Column("at", Double, nullable=False, comment="what an erasure by the clock goes by"),
        Column("citizen", Text, nullable=False, comment="keyed hash of the number: the same citizen, nameless"),
        sa.PrimaryKeyConstraint("call", name="pk_citizen"),
    )
    op.create_index("ix_citizen_at", "citizen", ["at"])
    op.create_index("ix_citizen_citizen", "citizen", ["citizen"])


def _reference() -> None:
    op.create_table(
        "line_setting",
        Column("line", Text, nullable=False),
        Column("place", Integer, nullable=False, comment="order in queues.yaml"),
        Column("name_nl", Text, nullable=False),
        Column("name_en", Text, nullable=False),
        Column("name_fr", Text, nullable=False),
        Column("short_abandon", Double, nullable=False, comment="seconds"),
        Column("target_wait", Double, nullable=False, comment="seconds"),
        Column("target_share", Double, nullable=False, comment="0 to 1"),
        Column("target_reachability", Double, nullable=False, comment="0 to 1"),
        Column("offer_after", Double, comment="seconds of waiting at which a call back is offered; NULL: never"),
        sa.PrimaryKeyConstraint("line", name="pk_line_setting"),
    )
    ahead = "seconds that the clock of Brussels is ahead of UTC from there on"
    op.create_table(
        "clock_change",
        Column("from_at", Double, nullable=False),
        Column("ahead", Integer, nullable=False, comment=ahead),
        sa.PrimaryKeyConstraint("from_at", name="pk_clock_change"),
    )
    op.create_table(
        "version",
        Column("name", Text, nullable=False, comment="projection, views"),
        Column("value", Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_version"),
    )
