"""Whether a call's question was settled, and who called again, is told by an index alone, in its order."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

SETTLED_NEW, SETTLED_OLD = ("call", "began_at", "contact", "settled"), ("call",)
AGAIN_NEW, AGAIN_OLD = ("citizen", "line", "arrived_at", "call", "outcome"), ("citizen", "line", "arrived_at", "call")


def upgrade() -> None:
    _index("ix_contact_call", "contact", SETTLED_NEW)
    _index("ix_citizen_again", "citizen", AGAIN_NEW)


def downgrade() -> None:
    _index("ix_contact_call", "contact", SETTLED_OLD)
    _index("ix_citizen_again", "citizen", AGAIN_OLD)


def _index(name: str, table: str, columns: tuple[str, ...]) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, list(columns))
