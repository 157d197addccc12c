"""What supervisors decide for now, lines and operators, and each time that one of them listened in."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Text, text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_Number = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "line_switched",
        Column("line", Text, primary_key=True),
        Column("open", Boolean, comment="NULL: by its hours"),
        Column("at", Double, nullable=False),
        Column("by", Text, nullable=False),
    )
    op.create_table(
        "operator_lines",
        Column("operator", Text, primary_key=True),
        Column("lines", Text, comment="ids, with a comma between them; NULL: those of the settings"),
        Column("until", Double, nullable=False),
        Column("at", Double, nullable=False),
        Column("by", Text, nullable=False),
    )
    op.create_table(
        "spy",
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
    op.create_index(
        "ix_spy_open",
        "spy",
        ["spy"],
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    )


def downgrade() -> None:
    for table in ("spy", "operator_lines", "line_switched"):
        op.drop_table(table)
