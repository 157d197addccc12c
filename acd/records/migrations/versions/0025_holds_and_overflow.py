"""Each hold and each visit to the partner has a row of its own; both are made anew from the ledger."""

from alembic import op
from sqlalchemy import BigInteger, Column, Double, Integer, Text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "hold",
        Column("seq", NUMBER, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
        Column("talk", NUMBER, nullable=False, index=True, comment="seq of the talk that it is part of"),
        Column("began_at", Double, nullable=False),
        Column("ended_at", Double, comment="NULL: on hold still"),
    )
    op.create_table(
        "overflow",
        Column("seq", NUMBER, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
        Column("call", Text, nullable=False, index=True),
        Column("line", Text, nullable=False),
        Column("because", Text, nullable=False, comment="full, unstaffed or waited"),
        Column("began_at", Double, nullable=False, comment="sent to the partner"),
        Column("answered_at", Double, comment="the partner answered"),
        Column("ended_at", Double, comment="NULL: there still"),
        Column("how", Text, comment="answered, returned (to his old place) or gone"),
    )


def downgrade() -> None:
    for view in ("hold", "overflow"):
        op.execute(f"DROP VIEW IF EXISTS report_{view}")
    op.drop_table("overflow")
    op.drop_table("hold")
