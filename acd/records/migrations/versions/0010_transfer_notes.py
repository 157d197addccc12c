"""What an operator sends along with his caller."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transfer_note",
        Column("call", Text, nullable=False),
        Column("by", Text, nullable=False, comment="operator who passed him on"),
        Column("to", Text, nullable=False, comment="line, internal number or E.164"),
        Column("how", Text, nullable=False, comment="How"),
        Column("note", Text, nullable=False, comment="empty: none"),
        Column("at", Double, nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_transfer_note"),
    )
    op.create_index("ix_transfer_note_at", "transfer_note", ["at"])
    op.create_index("ix_transfer_note_to", "transfer_note", ["to", "at"])


def downgrade() -> None:
    op.drop_table("transfer_note")
