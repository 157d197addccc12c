"""When a caller was passed on, and the day in which an operator's state lies, so that a year is added up quickly."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Integer

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "an operator passed the caller on, for the first time"
    op.add_column("call", Column("transferred_at", Double, comment=comment))
    day = "days from 1970-01-01 to that in which it lies, in Brussels; NULL: not in one alone"
    op.add_column("operator_state", Column("day", Integer, comment=day))
    op.drop_index("ix_operator_state_long", "operator_state")
    one, several = sa.text("day IS NOT NULL"), sa.text("day IS NULL")
    op.create_index(
        "ix_operator_state_day",
        "operator_state",
        ["day", "operator", "state", "reason", "began_at", "ended_at"],
        sqlite_where=one,
        postgresql_where=one,
    )
    op.create_index(
        "ix_operator_state_days",
        "operator_state",
        ["began_at", "ended_at"],
        sqlite_where=several,
        postgresql_where=several,
    )


def downgrade() -> None:
    for index in ("ix_operator_state_days", "ix_operator_state_day"):
        op.drop_index(index, "operator_state")
    op.drop_column("operator_state", "day")
    op.drop_column("call", "transferred_at")
    long = sa.text("(ended_at IS NULL OR ended_at - began_at > 172800)")
    op.create_index("ix_operator_state_long", "operator_state", ["began_at"], sqlite_where=long, postgresql_where=long)
