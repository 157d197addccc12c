"""Accounts, sessions, and the audit log with the triggers that keep it append-only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Double, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    _accounts()
    _audit()
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    for table in ("audit", "session", "account"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")


def _accounts() -> None:
    op.create_table(
        "account",
        Column("name", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("operator", Text, comment="in queues.yaml; NULL: takes no calls"),
        Column("password", Text, comment="argon2; NULL: signs in otherwise"),
        Column("token", Text, comment="SHA-256 of a wallboard's link"),
        Column("must_change", sa.Boolean, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("disabled_at", Double),
        Column("signed_in_at", Double),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )
    op.create_index("ix_account_token", "account", ["token"], unique=True)
    op.create_table(
        "session",
        Column("id", Text, nullable=False, comment="SHA-256 of what the browser holds"),
        Column("account", Text, nullable=False),
        Column("began_at", Double, nullable=False),
        Column("seen_at", Double, nullable=False),
        Column("address", Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
    )
    op.create_index("ix_session_account", "session", ["account"])


def _audit() -> None:
    op.create_table(
        "audit",
        Column("seq", _NUMBER, autoincrement=False, comment="1, 2, 3, ... no hole"),
        Column("at", Double, nullable=False),
        Column("who", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("about", Text, nullable=False, comment="callback, call or account"),
        Column("detail", Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    for column in ("at", "who", "about"):
        op.create_index(f"ix_audit_{column}", "audit", [column])


def _protect_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )
