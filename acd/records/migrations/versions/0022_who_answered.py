"""Who answered a call first, beside who spoke with the caller last: figures of calls by operator are his."""

from alembic import op
from sqlalchemy import Column, Double, Text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", Column("answered_by", Text, comment="the first operator who spoke with the caller"))
    op.add_column("call", Column("first_answered_at", Double, comment="and when"))
    op.drop_index("ix_call_operator", "call")
    op.create_index("ix_call_answered_by", "call", ["answered_by"])


def downgrade() -> None:
    op.drop_index("ix_call_answered_by", "call")
    op.create_index("ix_call_operator", "call", ["operator"])
    op.drop_column("call", "first_answered_at")
    op.drop_column("call", "answered_by")
