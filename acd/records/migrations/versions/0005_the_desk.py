"""What operators write of their conversations, and the requests that they leave for colleagues."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Boolean, Column, Double, Integer, Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _contacts()
    _requests()


def downgrade() -> None:
    for table in ("request_log", "request", "contact"):
        op.drop_table(table)


def _contacts() -> None:
    op.create_table(
        "contact",
        Column("contact", Text, nullable=False, comment="the call or attempt, ~ and the operator"),
        Column("operator", Text, nullable=False),
        Column("line", Text, nullable=False),
        Column("call", Text),
        Column("callback", Text, comment="the promise that was being kept"),
        Column("number", Text, comment="E.164; NULL: withheld, or erased"),
        Column("language", Text, nullable=False),
        Column("began_at", Double, nullable=False, comment="the operator picked up"),
        Column("ended_at", Double, comment="the conversation is over"),
        Column("name", Text, nullable=False, comment="the citizen's; empty: not given, or erased"),
        Column("note", Text, nullable=False, comment="empty: none, or erased"),
        Column("subjects", Text, nullable=False, comment="JSON list of ids"),
        Column("settled", Boolean, comment="NULL: not said"),
        Column("version", Integer, nullable=False, comment="rises with each draft that is kept"),
        sa.PrimaryKeyConstraint("contact", name="pk_contact"),
    )
    for column in ("call", "callback", "number", "began_at"):
        op.create_index(f"ix_contact_{column}", "contact", [column])
    op.create_index("ix_contact_operator", "contact", ["operator", "began_at"])


def _requests() -> None:
    op.create_table(
        "request",
        Column("request", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("state", Text, nullable=False, comment="RequestState"),
        Column("made_at", Double, nullable=False),
        Column("by", Text, nullable=False, comment="account"),
        Column("line", Text, nullable=False),
        Column("to", Text, nullable=False, comment="colleague or team who is to call"),
        Column("question", Text, nullable=False, comment="empty: erased"),
        Column("number", Text, nullable=False, comment="E.164; empty: erased"),
        Column("deadline", Double, nullable=False),
        Column("name", Text, nullable=False, comment="the citizen's"),
        Column("contact", Text, comment="in which it was made"),
        Column("owner", Text, nullable=False, comment="account that has taken it; empty: nobody"),
        Column("closed_at", Double),
        sa.PrimaryKeyConstraint("request", name="pk_request"),
    )
    for column in ("contact", "closed_at"):
        op.create_index(f"ix_request_{column}", "request", [column])
    op.create_index("ix_request_state", "request", ["state", "deadline"])
    op.create_table(
        "request_log",
        Column("request", Text, nullable=False),
        Column("step", Integer, autoincrement=False, nullable=False),
        Column("at", Double, nullable=False),
        Column("by", Text, nullable=False),
        Column("what", Text, nullable=False, comment="made or RequestAct"),
        Column("to", Text, nullable=False),
        Column("note", Text, nullable=False, comment="empty: none, or erased"),
        sa.PrimaryKeyConstraint("request", "step", name="pk_request_log"),
    )
