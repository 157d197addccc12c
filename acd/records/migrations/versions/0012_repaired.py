"""Calls that Asterisk's own record told of afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "Asterisk's own record told of it what was not seen"
    op.add_column("call", sa.Column("repaired_at", sa.Double, comment=comment))
    repaired = sa.text("repaired_at IS NOT NULL")
    op.create_index("ix_call_repaired", "call", ["repaired_at"], sqlite_where=repaired, postgresql_where=repaired)


def downgrade() -> None:
    op.drop_index("ix_call_repaired", "call")
    op.drop_column("call", "repaired_at")
