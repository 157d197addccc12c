"""The survey after a conversation: who was asked, and each score."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPERATOR = "who spoke with the caller last; NULL: not known"


def upgrade() -> None:
    op.create_table(
        "survey",
        Column("seq", _NUMBER, nullable=False, autoincrement=False, comment="ledger number of its begin"),
        Column("call", Text, nullable=False),
        Column("line", Text, nullable=False),
        Column("operator", Text, comment=_OPERATOR),
        Column("at", Double, nullable=False),
        Column("sent", sa.Boolean, nullable=False, comment="by the operator; false: of the sample"),
        sa.PrimaryKeyConstraint("seq", name="pk_survey"),
    )
    op.create_index("ix_survey_call", "survey", ["call"])
    op.create_index("ix_survey_at", "survey", ["at"])
    op.create_table(
        "survey_answer",
        Column("seq", _NUMBER, nullable=False, autoincrement=False, comment="ledger number of the answer"),
        Column("call", Text, nullable=False),
        Column("line", Text, nullable=False),
        Column("operator", Text, comment=_OPERATOR),
        Column("question", Text, nullable=False, comment="id in queues.yaml"),
        Column("score", Integer, nullable=False, comment="1 to 10"),
        Column("at", Double, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_survey_answer"),
    )
    op.create_index("ix_survey_answer_call", "survey_answer", ["call"])
    op.create_index("ix_survey_answer_at", "survey_answer", ["at"])


def downgrade() -> None:
    for table in ("survey_answer", "survey"):
        op.drop_table(table)
