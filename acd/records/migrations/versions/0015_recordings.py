"""Recordings of conversations, and those whose files are deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recording",
        Column("recording", Text, nullable=False, comment="name of its file, without the ending"),
        Column("call", Text, comment="NULL: a call back"),
        Column("attempt", _NUMBER),
        Column("line", Text, nullable=False),
        Column("operator", Text),
        Column("began_at", Double, nullable=False),
        Column("ended_at", Double, comment="NULL: it is being made"),
        sa.PrimaryKeyConstraint("recording", name="pk_recording"),
    )
    for column in ("call", "attempt", "began_at"):
        op.create_index(f"ix_recording_{column}", "recording", [column])
    op.create_table(
        "recording_gone",
        Column("recording", Text, nullable=False),
        Column("at", Double, nullable=False),
        Column("why", Text, nullable=False, comment="expired or erased"),
        sa.PrimaryKeyConstraint("recording", name="pk_recording_gone"),
    )


def downgrade() -> None:
    for table in ("recording_gone", "recording"):
        op.drop_table(table)
