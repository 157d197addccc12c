"""A call's one outcome, its line and its day beside it: counting needs no second table and no clock."""

from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        Column("outcome", Text, comment="as in the table of that name, and so are the next three"),
        Column("outcome_at", Double),
        Column("outcome_line", Text),
        Column("waited", Double),
        Column("counted_line", Text, comment="line of the outcome; without one the line joined last"),
        Column("day", Integer, comment="days from 1970-01-01 to that of its arrival, in Brussels"),
    ):
        op.add_column("call", column)
    op.create_index("ix_call_day", "call", ["day", "counted_line"])


def downgrade() -> None:
    op.drop_index("ix_call_day", "call")
    for name in ("day", "counted_line", "waited", "outcome_line", "outcome_at", "outcome"):
        op.drop_column("call", name)
