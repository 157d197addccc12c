"""Other programs of the city: news of promises, deliveries to webhooks, keys, and who signs in elsewhere."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _news()
    _deliveries()
    _keys()


def downgrade() -> None:
    for table in ("identity", "api_key", "delivery", "hook", "callback_news"):
        op.drop_table(table)


def _news() -> None:
    op.create_table(
        "callback_news",
        Column("callback", Text, nullable=False),
        Column("step", Integer, nullable=False, autoincrement=False, comment="of callback_log"),
        Column("at", Double, nullable=False),
        Column("kind", Text, nullable=False, comment="NewsKind"),
        Column("line", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("data", Text, nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("callback", "step", name="pk_callback_news"),
    )


def _deliveries() -> None:
    op.create_table(
        "hook",
        Column("hook", Text, nullable=False, comment="name in queues.yaml"),
        Column("seq", _NUMBER, nullable=False, comment="ledger number up to which its deliveries are made"),
        Column("since", Double, nullable=False),
        sa.PrimaryKeyConstraint("hook", name="pk_hook"),
    )
    op.create_table(
        "delivery",
        Column("hook", Text, nullable=False),
        Column("news", Text, nullable=False, comment="id of what happened; the same for all hooks"),
        Column("kind", Text, nullable=False),
        Column("at", Double, nullable=False),
        Column("data", Text, nullable=False, comment="JSON, without the citizen's number"),
        Column("call", Text),
        Column("callback", Text),
        Column("attempts", Integer, nullable=False),
        Column("next_at", Double, comment="NULL: taken, or given up"),
        Column("delivered_at", Double),
        Column("dead_at", Double, comment="given up, until somebody sends it again"),
        Column("status", Integer, comment="of the last answer"),
        Column("error", Text, comment="of the last attempt"),
        sa.PrimaryKeyConstraint("hook", "news", name="pk_delivery"),
    )
    op.create_index("ix_delivery_at", "delivery", ["at"])
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_delivery_next", "delivery", ["hook", "next_at"], sqlite_where=waits, postgresql_where=waits)


def _keys() -> None:
    op.create_table(
        "api_key",
        Column("name", Text, nullable=False),
        Column("digest", Text, nullable=False, comment="SHA-256 of the key"),
        Column("scopes", Text, nullable=False, comment="Scope, joined by blanks"),
        Column("created_at", Double, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("expires_at", Double),
        Column("revoked_at", Double),
        Column("used_at", Double, comment="to the minute"),
        sa.PrimaryKeyConstraint("name", name="pk_api_key"),
    )
    op.create_index("ix_api_key_digest", "api_key", ["digest"], unique=True)
    op.create_table(
        "identity",
        Column("issuer", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("account", Text, nullable=False),
        Column("since", Double, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identity"),
    )
    op.create_index("ix_identity_account", "identity", ["account"], unique=True)
