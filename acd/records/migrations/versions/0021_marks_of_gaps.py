"""Views tell what could not be seen in a column more. They are made after the migrations, from their text; an older
version makes its own, which PostgreSQL lets it do only where none with more columns stands."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

GROWN = ("day", "talk", "wait", "ring", "operator_state", "callback", "conversation")


def upgrade() -> None:
    """Nothing: the text of the views says it all."""


def downgrade() -> None:
    for view in GROWN:
        op.execute(f"DROP VIEW IF EXISTS report_{view}")
