"""Reports that are mailed by the clock: what is due, and what was sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail",
        Column("mailing", Text, nullable=False, comment="name in queues.yaml"),
        Column("period", Text, nullable=False, comment="its first day, 2027-03-01"),
        Column("due_at", Double, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_at", Double, comment="NULL: sent, given up, or of before the mailing began"),
        Column("sent_at", Double),
        Column("dead_at", Double, comment="given up, until somebody sends it again"),
        Column("error", Text, comment="of the last attempt, or who was refused"),
        sa.PrimaryKeyConstraint("mailing", "period", name="pk_mail"),
    )


def downgrade() -> None:
    op.drop_table("mail")
