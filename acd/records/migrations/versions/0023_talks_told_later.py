"""Which conversations were told afterwards, by Asterisk's own record: what an operator wraps up now is none of them."""

from alembic import op
from sqlalchemy import Boolean, Column

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NEW, OLD = ("operator", "told_later", "seq"), ("operator", "seq")


def upgrade() -> None:
    op.add_column("talk", Column("told_later", Boolean, comment="known from Asterisk's own record alone"))
    op.drop_index("ix_talk_operator", "talk")
    op.create_index("ix_talk_operator", "talk", list(NEW))


def downgrade() -> None:
    op.drop_index("ix_talk_operator", "talk")
    op.create_index("ix_talk_operator", "talk", list(OLD))
    op.drop_column("talk", "told_later")
