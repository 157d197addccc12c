"""Repaired calls by their arrival: SQLite looked through every call before a gap for those that were repaired."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index(["arrived_at", "ended_at"])


def downgrade() -> None:
    _index(["repaired_at"])


def _index(columns: list[str]) -> None:
    repaired = sa.text("repaired_at IS NOT NULL")
    op.drop_index("ix_call_repaired", "call")
    op.create_index("ix_call_repaired", "call", columns, sqlite_where=repaired, postgresql_where=repaired)
