"""The operator who asked to call a citizen now, and the index that an erasure of numbers goes by."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("callback", Column("operator", Text, comment="he asked to call now; NULL: whoever has time calls"))
    op.create_index("ix_callback_closed_at", "callback", ["closed_at"])


def downgrade() -> None:
    op.drop_index("ix_callback_closed_at", "callback")
    op.drop_column("callback", "operator")
